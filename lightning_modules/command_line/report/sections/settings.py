"""The section on settings: in what a run differs from its experiment, and several runs from each other."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.facts.parsed_experiments import (
    ABSENT,
    ComparedConfig,
    compared_config,
    shortened,
)
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.tables import (
    MARKED,
    Cell,
    TableCell,
    TableColumn,
    data_table,
    marked_cells,
)


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run has a configuration.
    """
    configs = {run.name: compared_config(run) for run in runs}
    if not any(config.settings for config in configs.values()):
        return None
    parts = [differences_between(configs), *(_from_experiment(name, config, runs) for name, config in configs.items())]
    return Section("settings", "Settings", Markup("\n").join(parts), _summary(configs))


def differences_between(configs: dict[str, ComparedConfig]) -> Markup:
    """A table of the settings in which runs differ, a column for each run; nothing for one run."""
    if len(configs) < 2:
        return Markup()
    names = dict.fromkeys(name for config in configs.values() for name in config.settings)
    rows: list[list[Cell]] = []
    for name in names:
        values = [config.settings.get(name, ABSENT) for config in configs.values()]
        if len(set(values)) > 1:
            rows.append([name, *marked_cells([shortened(value) for value in values], absent=ABSENT)])
    if not rows:
        return Markup('<p class="note">All settings are the same.</p>')
    columns = [TableColumn("setting"), *(TableColumn(name) for name in configs)]
    notes = [MARKED] if len(configs) > 2 else []
    return data_table("Settings in which the runs differ", columns, rows, notes=notes)


def _from_experiment(name: str, config: ComparedConfig, runs: Sequence[ReportedRun]) -> Markup:
    columns = [TableColumn("setting"), TableColumn("experiment"), TableColumn("this run")]
    rows: list[list[Cell]] = [
        [difference.name, shortened(difference.experiment), TableCell(shortened(difference.run), tone="differs")]
        for difference in config.differences
    ]
    values = {
        "name": name if len(runs) > 1 else "",
        "files": config.files,
        "problem": config.problem,
        "table": data_table("Other than in the experiment", columns, rows) if rows else None,
        "n_settings": len(config.settings),
        "all": data_table(
            "All settings",
            [TableColumn("setting"), TableColumn("value")],
            [[setting, shortened(value)] for setting, value in config.settings.items()],
        ),
    }
    return render("settings.html", values)


def _summary(configs: dict[str, ComparedConfig]) -> str:
    if len(configs) > 1:
        return "In what the runs differ, from each other and from their experiments."
    (config,) = configs.values()
    if config.problem is not None:
        return "The whole configuration; it cannot be compared with its experiment."
    n = len(config.differences)
    files = ", ".join(config.files)
    if n == 0:
        return f"All {len(config.settings)} settings are those of {files}."
    return f"{n} of {len(config.settings)} settings {'is' if n == 1 else 'are'} other than in {files}."
