"""The page of one run, or of several side by side: the answer on top, then the sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.answer import opening
from zsar.lightning_modules.command_line.report.rendering import render, script, source_of
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections import commands, cost, origin, results, settings
from zsar.runtime.code_version import code_version

SECTIONS: tuple[Callable[[Sequence[ReportedRun]], Section | None], ...] = (
    results.section,
    settings.section,
    origin.section,
    cost.section,
    commands.section,
)
"""What makes the sections, in the order of the page."""

_MOST_NAMED = 4
_SCRIPTS = ("theme.js", "tables.js")


def run_page(runs: Sequence[ReportedRun]) -> str:
    """The page of runs.

    Args:
        runs: One run, or several to compare.

    Returns:
        A whole HTML document that loads nothing.
    """
    sections = [section for make in SECTIONS if (section := make(runs)) is not None]
    return document(title=title_of(runs), opening=opening(runs), sections=sections)


def title_of(runs: Sequence[ReportedRun]) -> str:
    """The name of a run, or those of several as far as they fit."""
    names = [run.name for run in runs]
    return " · ".join(names) if len(names) <= _MOST_NAMED else f"{' · '.join(names[:_MOST_NAMED])} and more"


def document(*, title: str, opening: Markup, sections: Sequence[Section]) -> str:
    """A page of sections.

    Args:
        title: Its heading and name.
        opening: What stands above the first section.
        sections: The sections.

    Returns:
        A whole HTML document: styles and scripts are in it, and its content security policy forbids to load anything.
    """
    first, last = (script(name) for name in _SCRIPTS)
    values = {
        "title": title,
        "opening": opening,
        "sections": sections,
        "style": Markup(source_of("page.css")),
        "first_script": first[0],
        "last_script": last[0],
        "policy": _policy((first[1], last[1])),
        "footer": f"Written by zsar report ({code_version()}) on {datetime.now(timezone.utc):%Y-%m-%d at %H:%M} UTC.",
    }
    return render("page.html", values) + "\n"


def _policy(scripts: Sequence[str]) -> str:
    """Nothing is loaded, and only the page's own scripts run: not even an attribute could start another one."""
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(scripts),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "media-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
