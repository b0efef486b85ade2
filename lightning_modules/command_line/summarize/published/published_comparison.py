"""A row of runs beside the published figures of its data set and protocol, and whether both were made the same way."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zsar.lightning_modules.command_line.summarize.published.compared_settings import (
    clip_model,
    compared_settings,
    departures,
    differing,
    unknown,
)
from zsar.lightning_modules.command_line.summarize.published.method_names import method_of
from zsar.lightning_modules.command_line.summarize.published.published_figures import (
    PublishedFigure,
    find_localization_figures,
    find_published_figures,
)
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, RunGroup

# Two tables report one figure if they agree in all of these, or one of them does not tell.
_DETAILS = (
    *("std", "shots", "n_frames", "n_views", "class_text", "n_folds", "classes", "test_videos"),
    "n_tuning_frames",
    *("prompts_per_class", "scorer", "frame_statistics", "sampling", "shift", "precision"),
    *("start_from", "batch", "epochs"),
)


@dataclass(frozen=True)
class Comparison:
    """Ours beside a published figure.

    Attributes:
        figure: The published figure.
        sources: The papers and tables that have it.
        ours: Our mean in percent.
        same_method: Whether the row is of the same method and variant.
        differences: In what ours was made otherwise, ours first: "frames 8 / 32".
        unknown: What cannot be compared: what our results do not record, and what the paper does not state.
    """

    figure: PublishedFigure
    sources: tuple[str, ...]
    ours: float
    same_method: bool
    differences: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def points(self) -> float:
        """Ours minus the published figure, in percentage points."""
        return self.ours - self.figure.value

    @property
    def match(self) -> str:
        """The word "same", or all differences and all that is not known."""
        return "; ".join((*self.differences, *self.unknown)) or "same"


@dataclass(frozen=True)
class ComparedRow:
    """A row of runs beside what papers report.

    Attributes:
        group: The runs.
        published: The published figures that it stands beside.
    """

    group: RunGroup | LocalizationGroup
    published: tuple[Comparison, ...] = ()

    def best_match(self, name: str) -> Comparison | None:
        """The published figure of the same method that was made most like the row's.

        Args:
            name: One of the row's figures: a set of recognition, or "map", "map_0.5", ... of localization.

        Returns:
            None where no paper has it.
        """
        published = "top1" if name == "test" else name
        return next((c for c in self.published if c.same_method and c.figure.set == published), None)


def compare(
    group: RunGroup | LocalizationGroup, figures: Sequence[PublishedFigure], *, everything: bool = False
) -> list[Comparison]:
    """Compares a row with what was published for its data set and protocol.

    Args:
        group: The row.
        figures: All published figures.
        everything: Include other architectures, and variants (ablations, oracles) other than that of the row.

    Returns:
        The comparisons, those with the same method first, best match first; none where nothing was published.
    """
    method, variant = method_of(group.settings)
    comparisons = []
    for figure, sources in _candidates(group, figures):
        ours = _ours(group, figure)
        is_same = (figure.method, figure.variant) == (method, variant)
        is_of_model = figure.architecture in (None, clip_model(group.settings))
        if ours is not None and (everything or (is_of_model and (is_same or figure.variant is None))):
            pairs = compared_settings(group, figure)
            differences = (*differing(pairs), *departures(group))
            comparisons.append(Comparison(figure, sources, ours, is_same, differences, tuple(unknown(pairs))))

    def order(c: Comparison) -> tuple[bool | int, ...]:
        first = (not c.same_method, c.figure.method != method)
        is_trained_so = isinstance(group, LocalizationGroup) or c.figure.trained_on == group.settings.trained_on
        return (*first, not is_trained_so, len(c.differences), len(c.unknown)) if c.same_method else first

    return sorted(comparisons, key=order)


def _candidates(
    group: RunGroup | LocalizationGroup, figures: Sequence[PublishedFigure]
) -> list[tuple[PublishedFigure, tuple[str, ...]]]:
    """The figures of a row's data set and protocol, each with the papers and tables that have it."""
    settings = group.settings
    if isinstance(group, RunGroup):
        recognition = group.settings
        return _merged(
            find_published_figures(
                figures, tested_on=settings.data_set, protocol=recognition.protocol, shots=recognition.shots
            )
        )
    found = [
        find_localization_figures(figures, tested_on=settings.data_set, split=group.settings.split, set_name=name)
        for name in group.set_names
    ]
    return [(figure, (figure.source,)) for of_set in found for figure in of_set]


def _ours(group: RunGroup | LocalizationGroup, figure: PublishedFigure) -> float | None:
    """Our mean of what the figure is of; None where the row does not have it."""
    if figure.set == "top5" and isinstance(group, RunGroup):
        values = [run.top5.get("test") for run in group.runs]
        return statistics.mean(known) if len(known := [v for v in values if v is not None]) == len(values) else None
    name = "test" if figure.set == "top1" else figure.set
    return group.mean(name) if name in group.set_names else None


def _merged(figures: Sequence[PublishedFigure]) -> list[tuple[PublishedFigure, tuple[str, ...]]]:
    """One entry for a figure that several papers report, with all that any of them tells about it."""
    merged: list[tuple[PublishedFigure, tuple[str, ...]]] = []
    for figure in figures:
        for place, (other, sources) in enumerate(merged):
            if _is_same_figure(figure, other):
                known = {key: getattr(figure, key) for key in _DETAILS if getattr(other, key) is None}
                merged[place] = (replace(other, **known), (*sources, figure.source))
                break
        else:
            merged.append((figure, (figure.source,)))
    return merged


def _is_same_figure(a: PublishedFigure, b: PublishedFigure) -> bool:
    same = (a.method, a.variant, a.architecture, a.trained_on, a.set, a.value)
    return same == (b.method, b.variant, b.architecture, b.trained_on, b.set, b.value) and all(
        getattr(a, key) in (None, getattr(b, key)) or getattr(b, key) is None for key in _DETAILS
    )
