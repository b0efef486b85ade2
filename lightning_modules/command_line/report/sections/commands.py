"""The section on how to run it again: command lines for the shell."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.lightning_modules.command_line.report.facts.parsed_experiments import compared_config
from zsar.lightning_modules.command_line.report.facts.run_commands import commands_of
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run kept its configuration.
    """
    commands = {run.name: commands_of(run, compared_config(run)) for run in runs}
    if not any(commands.values()):
        return None
    html = render("commands.html", {"commands": commands, "several": len(runs) > 1})
    return Section("again", "Run it again", html, "From the folder in which the report was written.")
