"""A row of localizers beside the published figures of its data set and split, and whether both were made alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from zsar.lightning_modules.command_line.summarize.localization_results import LocalizationSettings
from zsar.lightning_modules.command_line.summarize.localization_table import figure_header
from zsar.lightning_modules.command_line.summarize.published_figures import PublishedFigure, find_localization_figures
from zsar.lightning_modules.command_line.summarize.recorded_differences import Pair, differing, unknown
from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, kind_of_text

_ALL_DRAWS = 10
_EVERY_FRAME = "1 frame"
_ORACLES = {"perfect_class": "class", "region_count": "region count", "selection": "selection"}
_LOSSES = {
    "binary_cross_entropy": "binary cross entropy",
    "separation": "separation loss only",
    "representation": "representation loss only",
    "reference": "authors' code",
}


@dataclass(frozen=True)
class PublishedRow:
    """A row of a paper's table.

    Attributes:
        method: Method and variant.
        source: Paper and table.
        values: mAP in percent by the names of our figures.
        same_method: Whether ours is of the same method and variant.
        differences: In what ours was made otherwise, ours first; none where both were made alike.
    """

    method: str
    source: str
    values: dict[str, float]
    same_method: bool
    differences: tuple[str, ...]

    @property
    def match(self) -> str:
        """The word "same", or all differences."""
        return "; ".join(self.differences) or "same"

    def as_json(self) -> dict[str, Any]:
        """The row for a file."""
        named = {"method": self.method, "source": self.source, **self.values}
        return {**named, "same_method": self.same_method, "match": self.match}


Localized: TypeAlias = Sequence[tuple[LocalizationGroup, Sequence[PublishedRow]]]
"""Rows of ours, each with the rows of papers' tables beside it."""


def published_rows(
    group: LocalizationGroup, figures: Sequence[PublishedFigure], *, everything: bool = False
) -> list[PublishedRow]:
    """The rows of papers' tables that a row of ours may stand beside.

    Args:
        group: Our row.
        figures: All published figures.
        everything: Include other architectures, and variants (ablations, oracles) other than ours.

    Returns:
        Those of the same method first; none where nothing was published for the data set and split.
    """
    settings = group.settings
    method, variant = localizer_of(settings)
    values: dict[tuple[str, str, str | None, str | None], dict[str, float]] = {}
    known: dict[tuple[str, str, str | None, str | None], PublishedFigure] = {}
    for name in group.set_names:
        for figure in find_localization_figures(
            figures, tested_on=settings.data_set, split=settings.split, set_name=name
        ):
            is_same = (figure.method, figure.variant) == (method, variant)
            is_alike = figure.architecture in (None, _architecture(settings))
            if everything or (is_alike and (is_same or figure.variant is None)):
                key = (figure.full_method, figure.source, figure.architecture, figure.trained_on)
                values.setdefault(key, {})[name] = figure.value
                known[key] = figure
    rows = [
        PublishedRow(
            method=figure.full_method,
            source=figure.source,
            values=values[key],
            same_method=(figure.method, figure.variant) == (method, variant),
            differences=_differences(group, figure),
        )
        for key, figure in known.items()
    ]
    return sorted(rows, key=lambda row: not row.same_method)


def published_table(group: LocalizationGroup, rows: Sequence[PublishedRow]) -> tuple[list[str], list[list[str]]]:
    """The table of a row of ours and the published ones, of the figures that these have.

    Args:
        group: Our row.
        rows: The published ones.

    Returns:
        The header; our cells, then those of each published row.
    """
    names = [name for name in group.set_names if any(name in row.values for row in rows)]
    header = ["method", "paper and table", *[figure_header(name) for name in names], "protocol match"]
    ours = ["ours", "", *[f"{group.mean(name):.1f}" for name in names], ""]
    theirs = [
        [row.method, row.source, *[f"{row.values[n]:.1f}" if n in row.values else "" for n in names], row.match]
        for row in rows
    ]
    return header, [ours, *theirs]


def localizer_of(settings: LocalizationSettings) -> tuple[str, str | None]:
    """Method and variant of a run, by the names that published figures have."""
    name = settings.model.split(".")[-1]
    if name != "T3AL":
        return name, None
    arguments = dict(settings.model_arguments)
    oracles = [said for key, said in _ORACLES.items() if arguments.get(f"oracles.{key}") == "True"]
    variants = [f"oracle: {'all three' if len(oracles) == len(_ORACLES) else ', '.join(oracles)}"] if oracles else []
    loss = _LOSSES.get(arguments.get("tuning.loss", "paper"))
    if arguments.get("tuning.n_steps") == "0":
        variants.append("T = 0")
    elif loss is not None:
        variants.append(loss)
    elif arguments.get("suppression") == "None" and not oracles:
        variants.append("without suppression")
    return name, "; ".join(variants) or None


def _architecture(settings: LocalizationSettings) -> str:
    return settings.architecture.removesuffix("-quickgelu")


def _differences(group: LocalizationGroup, figure: PublishedFigure) -> tuple[str, ...]:
    settings = group.settings
    n_draws = settings.n_sets if settings.n_sets > 1 else group.n_folds
    pairs: list[Pair] = [
        ("architecture", _architecture(settings), figure.architecture),
        ("trained on", "nothing", "the other classes" if figure.trained_on else "nothing"),
        ("frames", f"one in {settings.stride}", f"one in {_EVERY_FRAME}"),
        ("draws", n_draws, _ALL_DRAWS),
        ("class text", "+".join(dict.fromkeys(map(kind_of_text, settings.class_text))), figure.class_text),
        ("precision", dict(settings.test).get("precision", NOT_RECORDED), figure.precision),
        ("classes", "drawn" if settings.split_lists is None else "published lists", "published lists"),
    ]
    return (*differing(pairs), *unknown(pairs))
