"""The page of one run, or of several side by side: the answer on top, then the sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.answer import opening
from zsar.lightning_modules.command_line.report.rendering import render, script, source_of
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections import (
    commands,
    cost,
    learning_curves,
    origin,
    results,
    settings,
)
from zsar.lightning_modules.command_line.report.sections.errors import (
    all_predictions,
    calibration,
    class_results,
    confusion,
    tuning_effects,
)
from zsar.lightning_modules.command_line.report.sections.pictures import (
    detection_errors,
    gallery,
    mistakes,
    time_lines,
)
from zsar.runtime.code_version import code_version

SECTIONS: tuple[Callable[[Sequence[ReportedRun]], Section | None], ...] = (
    results.section,
    tuning_effects.section,
    learning_curves.section,
    class_results.section,
    confusion.section,
    mistakes.section,
    calibration.section,
    time_lines.section,
    detection_errors.section,
    gallery.section,
    settings.section,
    origin.section,
    cost.section,
    commands.section,
    all_predictions.section,
)
"""What makes the sections, in the order of the page."""

_MOST_NAMED = 4
_STYLES = ("page.css", "charts/charts.css", "sections/media.css")
SCRIPTS = ("theme.js", "tables.js", "clips.js", "gallery.js")
"""The scripts of every page; the first one stands before the content."""


def run_page(runs: Sequence[ReportedRun], *, index: str = "") -> str:
    """The page of runs.

    Args:
        runs: One run, or several to compare.
        index: Link to the index that the page belongs to; empty for none.

    Returns:
        A whole HTML document that loads nothing.
    """
    sections = [section for make in SECTIONS if (section := make(runs)) is not None]
    return document(title=title_of(runs), opening=opening(runs), sections=sections, index=index)


def title_of(runs: Sequence[ReportedRun]) -> str:
    """The name of a run, or those of several as far as they fit."""
    names = [run.name for run in runs]
    return " · ".join(names) if len(names) <= _MOST_NAMED else f"{' · '.join(names[:_MOST_NAMED])} and more"


def document(*, title: str, opening: Markup, sections: Sequence[Section], index: str = "") -> str:
    """A page of sections.

    Args:
        title: Its heading and name.
        opening: What stands above the first section.
        sections: The sections.
        index: Link to the index that the page belongs to; empty for none.

    Returns:
        A whole HTML document: styles and scripts are in it, and its content security policy forbids to load anything.
    """
    (first, *others), policies = zip(*map(script, SCRIPTS), strict=True)
    values = {
        "title": title,
        "opening": opening,
        "sections": sections,
        "index": index,
        "style": Markup("\n".join(map(source_of, _STYLES))),
        "first_script": first,
        "last_scripts": Markup("\n").join(others),
        "policy": _policy(policies),
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
