"""The files that `zsar summarize` writes: JSON with everything, a GitHub table in Markdown, CSV for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.localization_table import (
    by_thresholds,
    localization_cells,
    localization_columns,
    localization_json,
    localization_notes,
)
from zsar.lightning_modules.command_line.summarize.published_comparison import Comparison
from zsar.lightning_modules.command_line.summarize.published_localization import Localized, published_table
from zsar.lightning_modules.command_line.summarize.recorded_differences import text_changes
from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup, RunGroup
from zsar.lightning_modules.command_line.summarize.tuning_table import (
    TUNING_COLUMNS,
    TUNING_NOTE,
    mean_effect,
    tuning_rows,
)
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole

SUFFIXES = (".json", ".md", ".csv")
DEVIATION = "mean ± sample standard deviation (n - 1)"
SAME = (
    "same: all that the paper states agrees and is recorded, and it leaves nothing open that is compared; texts of one "
    "kind may still differ. Where they do not agree, ours / theirs; what the paper does not state is named."
)
PUBLISHED_COLUMNS = ("method", "paper and table", "set", "published", "ours", "difference", "protocol match")

_CSV_COLUMNS = (
    *("group", "set", "mean", "std", "n_runs"),
    *("published", "published_std", "published_source", "difference", "protocol_match"),
    *("untuned", "change", "flipped_right", "flipped_wrong"),
)

Compared = Sequence[tuple[RunGroup, Sequence[Comparison]]]


def check_suffix(path: Path) -> None:
    """Refuses a file that cannot be written.

    Raises:
        ValueError: The suffix is unknown.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"--output {path}: the suffix must be one of {', '.join(SUFFIXES)}; got {path.suffix!r}")


def write_summary(path: Path, compared: Compared, localized: Localized = ()) -> Path:
    """Writes the summary in the format that the suffix says, in one step.

    Args:
        path: A .json, .md or .csv file; its folder is made.
        compared: Each row of runs of recognition with its comparisons.
        localized: The rows of localization, each with the published ones beside it.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is unknown.
    """
    check_suffix(path)
    if path.suffix == ".json":
        recognized = {group.name: _json(group, comparisons) for group, comparisons in compared}
        return write_json_whole(path, {**recognized, **_localized_json(localized)})
    text = _markdown(compared, localized) if path.suffix == ".md" else _csv(compared, localized)
    return write_text_whole(path, text)


def by_sets(groups: Sequence[RunGroup]) -> list[list[RunGroup]]:
    """The rows of each table: rows with the same sets stand together."""
    tables: dict[tuple[str, ...], list[RunGroup]] = {}
    for group in groups:
        tables.setdefault(group.set_names, []).append(group)
    return list(tables.values())


def published_cells(comparison: Comparison) -> list[str]:
    """A comparison under `PUBLISHED_COLUMNS`."""
    figure = comparison.figure
    std = "" if figure.std is None else f" ± {figure.std:.1f}"
    return [
        figure.full_method,
        "; ".join(comparison.sources),
        figure.set.replace("_", " "),
        f"{figure.value:.1f}{std}",
        f"{comparison.ours:.1f}",
        f"{comparison.points:+.1f}",
        comparison.match,
    ]


def notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What one must know about the figures of the same method, each note once."""
    return list(
        dict.fromkeys(f"{c.figure.source}: {c.figure.note}" for c in comparisons if c.same_method and c.figure.note)
    )


def text_notes(groups: Sequence[RunGroup]) -> list[str]:
    """What one must know about rows: another class text in training, or none that is known; videos that failed."""
    notes = []
    for group in groups:
        notes += [f"{group.name}: {change}" for change in text_changes(group.runs)]
        if group.settings.trained_on is not None and not group.settings.training:
            notes.append(f"{group.name}: class text and settings of its training are {NOT_RECORDED}")
        if n_failed := max(run.n_failed for run in group.runs):
            notes.append(f"{group.name}: {n_failed} of a run's videos could not be decoded and count as wrong")
        if group.damage_note:
            notes.append(group.damage_note)
    return notes


def _json(group: RunGroup, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Means under the names of the figures; with several runs also deviations and each run's figures."""
    content: dict[str, Any] = {name: round(group.mean(name), 2) for name in group.set_names}
    content["n_runs"] = len(group.runs)
    if len(group.runs) > 1:
        content["std"] = {name: round(group.std(name) or 0.0, 2) for name in group.set_names}
        content["runs"] = [{name: round(run.figures[name], 2) for name in group.set_names} for run in group.runs]
    content["made_with"] = [
        {"folder": str(run.folder), "seed": run.seed, "split_seed": run.split_seed, "fold": run.fold}
        for run in group.runs
    ]
    content["settings"] = group.settings.flat()
    content["tuning"] = {
        name: {key: round(value, 3) for key, value in effect.items()}
        for name in group.set_names
        if (effect := mean_effect(group, name))
    }
    content["published"] = [
        {
            "method": c.figure.method,
            "variant": c.figure.variant,
            "sources": list(c.sources),
            "citation": c.figure.citation,
            "architecture": c.figure.architecture,
            "set": c.figure.set,
            "value": c.figure.value,
            "std": c.figure.std,
            "ours": round(c.ours, 2),
            "difference": round(c.points, 2),
            "protocol_match": c.match,
            "note": c.figure.note,
        }
        for c in comparisons
    ]
    return content


def _localized_json(localized: Localized) -> dict[str, Any]:
    return {
        group.name: {**localization_json(group), "published": [row.as_json() for row in published]}
        for group, published in localized
    }


def _markdown(compared: Compared, localized: Localized) -> str:
    blocks = []
    for rows in by_sets([group for group, _ in compared]):
        header = ["top-1 in percent", *[name.replace("_", " ") for name in rows[0].set_names], "runs"]
        cells = [[group.name, *[group.text(name) for name in group.set_names], str(len(group.runs))] for group in rows]
        blocks.append(_github_table(header, cells, n_text_columns=1))
    blocks += [f"{note}.\n" for note in text_notes([group for group, _ in compared])]
    if rows_of_tuned := tuning_rows([group for group, _ in compared]):
        blocks += [_github_table(TUNING_COLUMNS, rows_of_tuned, n_text_columns=3), f"{TUNING_NOTE}.\n"]
    localizers = [group for group, _ in localized]
    for own in by_thresholds(localizers):
        blocks.append(_github_table(localization_columns(own), [localization_cells(group) for group in own], 1))
    blocks += [f"{note}.\n" for note in localization_notes(localizers)]
    if any(len(group.runs) > 1 for group, _ in compared) or any(len(group.runs) > 1 for group in localizers):
        blocks.append(f"{DEVIATION}.\n")
    for group, comparisons in compared:
        if comparisons:
            blocks.append(f"{group.name} beside published figures:\n")
            blocks.append(_github_table(list(PUBLISHED_COLUMNS), [published_cells(c) for c in comparisons], 3))
            blocks += [f"{note}\n" for note in notes(comparisons)]
    if any(comparisons for _, comparisons in compared):
        blocks.append(f"{SAME}\n")
    for localizer, published in localized:
        if published:
            blocks.append(f"{localizer.name} beside published figures:\n")
            blocks.append(_github_table(*published_table(localizer, published), 2))
    return "\n".join(blocks)


def _github_table(header: Sequence[str], rows: Sequence[Sequence[str]], n_text_columns: int) -> str:
    """A table whose columns after the first few, but for words at the end, are aligned to the right."""
    ruler = ["---" if i < n_text_columns or name == "protocol match" else "---:" for i, name in enumerate(header)]
    lines = [header, ruler, *[[cell.replace("|", "\\|") for cell in row] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _csv(compared: Compared, localized: Localized) -> str:
    """A row for each group and set, beside the best match among the published figures of the same method.

    Of localization a row for each group and figure, whose name stands in the column of the set.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=_CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for group, comparisons in compared:
        for name in group.set_names:
            row = _csv_row(group, name)
            if effect := mean_effect(group, name):
                row |= {"untuned": f"{effect['untuned_top1']:.2f}", "change": f"{effect['change']:.2f}"}
                row |= {key: f"{effect[key]:g}" for key in ("flipped_right", "flipped_wrong") if key in effect}
            published_name = "top1" if name == "test" else name
            for c in [c for c in comparisons if c.same_method and c.figure.set == published_name][:1]:
                row |= {"published": c.figure.value, "published_std": "" if c.figure.std is None else c.figure.std}
                row |= {"published_source": "; ".join(c.sources), "difference": f"{c.points:.2f}"}
                row |= {"protocol_match": c.match}
            writer.writerow(row)
    for own, _ in localized:
        writer.writerows(_csv_row(own, name) for name in own.set_names)
    return text.getvalue()


def _csv_row(group: RunGroup | LocalizationGroup, name: str) -> dict[str, Any]:
    std = group.std(name)
    row = {"group": group.name, "set": name, "mean": f"{group.mean(name):.2f}"}
    return {**row, "std": "" if std is None else f"{std:.2f}", "n_runs": len(group.runs)}
