"""The table of localizers in `zsar summarize`: temporal mAP by threshold, mean and deviation over runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup

LOCALIZATION_TITLE = "mAP in % at IoU"
LOCALIZATION_NOTE = (
    "mAP: mean average precision of actions found in time, of a run with several draws of classes the mean over these; "
    "avg: the mean over the thresholds; adaptations: of a run"
)
PAPER_MEAN_NOTE = "paper mean: the mean at 0.5, 0.75 and 0.95, which papers on ActivityNet call the average"

_HEADERS = {"map": "avg", "paper_mean": "paper mean"}


def by_thresholds(groups: Sequence[LocalizationGroup]) -> list[list[LocalizationGroup]]:
    """The rows of each table: rows with the same thresholds stand together."""
    tables: dict[tuple[str, ...], list[LocalizationGroup]] = {}
    for group in groups:
        tables.setdefault(group.set_names, []).append(group)
    return list(tables.values())


def localization_columns(groups: Sequence[LocalizationGroup]) -> list[str]:
    """The header of a table of rows with the same thresholds."""
    figures = [figure_header(name) for name in groups[0].set_names]
    return [LOCALIZATION_TITLE, *figures, "adaptations", "runs"]


def figure_header(name: str) -> str:
    """What a figure is called in tables: "map_0.3" is 0.3."""
    return _HEADERS.get(name, name.removeprefix("map_"))


def localization_cells(group: LocalizationGroup) -> list[str]:
    """A row under `localization_columns`."""
    figures = [group.text(name) for name in group.set_names]
    return [group.name, *figures, f"{group.n_adaptations:.0f}", str(len(group.runs))]


def localization_notes(groups: Sequence[LocalizationGroup]) -> list[str]:
    """What one must know to read the tables; nothing where there are no rows."""
    has_paper_mean = any("paper_mean" in group.set_names for group in groups)
    damage = [group.damage_note for group in groups if group.damage_note]
    return [LOCALIZATION_NOTE] * bool(groups) + [PAPER_MEAN_NOTE] * has_paper_mean + damage


def localization_json(group: LocalizationGroup) -> dict[str, Any]:
    """All of a row: means under the names of the figures; with several runs also deviations and each run's figures."""
    content: dict[str, Any] = {"task": "localization"}
    content |= {name: round(group.mean(name), 2) for name in group.set_names}
    content["n_runs"] = len(group.runs)
    if len(group.runs) > 1:
        content["std"] = {name: round(group.std(name) or 0.0, 2) for name in group.set_names}
        content["runs"] = [{name: round(run.figures[name], 2) for name in group.set_names} for run in group.runs]
    content["n_adaptations"] = group.n_adaptations
    content["made_with"] = [
        {
            "folder": str(run.folder),
            "seed": run.seed,
            "split_seed": run.split_seed,
            "split_number": run.fold,
            "render_seed": run.render_seed,
        }
        for run in group.runs
    ]
    content["settings"] = group.settings.flat()
    return content
