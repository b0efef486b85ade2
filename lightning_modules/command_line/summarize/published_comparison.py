"""A row of runs beside the published figures of its data set and protocol, and whether both were made alike."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zsar.lightning_modules.command_line.summarize.adaptation_methods import adapted_method
from zsar.lightning_modules.command_line.summarize.published_figures import PublishedFigure, find_published_figures
from zsar.lightning_modules.command_line.summarize.recorded_differences import (
    differing,
    recorded_pairs,
    scorer_of,
    start_of,
    text_changes,
    unknown,
)
from zsar.lightning_modules.command_line.summarize.run_groups import RunGroup
from zsar.lightning_modules.command_line.summarize.run_results import RunSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, kind_of_text

_METHODS = {"ZeroShotCLIP": "CLIP", "FineTunedCLIP": "ViFi-CLIP", "APCLIP": "AP-CLIP"}  # others are called alike
# Temporal tokens and TFD of a T2L run, and what the paper's ablations call it here.
_T2L_VARIANTS = {
    (False, False): "adapters only",
    (False, True): "TFD without TTL",
    (True, False): "TTL without TFD",
}
_TEXT_KINDS = {"names": "template"}  # the prompt of an adaptation before the name
# Methods whose figures after pretraining on Kinetics-400 papers report as a variant.
_PRETRAINED = ("ViFi-CLIP", "AP-CLIP")
# Two tables report one figure if they agree in all of these, or one of them does not tell.
_DETAILS = (
    *("std", "shots", "n_frames", "n_views", "class_text", "n_folds"),
    *("prompts_per_class", "scorer", "shift", "precision", "start_from", "batch", "epochs"),
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


def compare(group: RunGroup, figures: Sequence[PublishedFigure], *, everything: bool = False) -> list[Comparison]:
    """Compares a row with what was published for its data set and protocol.

    Args:
        group: The row.
        figures: All published figures.
        everything: Include other architectures, and variants (ablations) other than that of the row.

    Returns:
        The comparisons, those with the same method first, best match first.
    """
    settings = group.settings
    method, variant = method_of(settings)
    found = find_published_figures(
        figures, tested_on=settings.data_set, protocol=settings.protocol, shots=settings.shots
    )
    comparisons = []
    for figure, sources in _merged(found):
        ours = _ours(group, figure)
        is_same = (figure.method, figure.variant) == (method, variant)
        is_asked_for = everything or (
            figure.architecture == _architecture(settings) and (is_same or figure.variant is None)
        )
        if ours is not None and is_asked_for:
            comparisons.append(Comparison(figure, sources, ours, is_same, *_differences(group, figure)))

    def order(c: Comparison) -> tuple[bool | int, ...]:
        first = (not c.same_method, c.figure.method != method)
        match = (c.figure.trained_on != settings.trained_on, len(c.differences), len(c.unknown))
        return (*first, *match) if c.same_method else first

    return sorted(comparisons, key=order)


def method_of(settings: RunSettings) -> tuple[str, str | None]:
    """Method and variant of a run, by the names that published figures have; an adapted run has the adaptation's."""
    name = settings.model.split(".")[-1]
    arguments = dict(settings.model_arguments)
    variant = None
    if name == "T2L" and "temporal_tokens" in arguments:
        parts = (arguments["temporal_tokens"] == "True", float(arguments["diversity_weight"]) > 0)
        variant = _T2L_VARIANTS.get(parts)
    method = _METHODS.get(name, name)
    if method in _PRETRAINED:
        departures = ["without MAKA"] if method == "AP-CLIP" and scorer_of(settings) == "mean_pooled_cosine" else []
        departures += ["pretrained on Kinetics-400"] if start_of(settings) == "kinetics400" else []
        variant = ", ".join(departures) or None
    if settings.adaptation:
        model = method if variant is None else f"{method} ({variant})"
        return adapted_method(dict(settings.adaptation), model)
    return method, variant


def _architecture(settings: RunSettings) -> str:
    return settings.architecture.removesuffix("-quickgelu")


def _ours(group: RunGroup, figure: PublishedFigure) -> float | None:
    """Our mean of what the figure is of; None where the row does not have it."""
    if figure.set == "top5":
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


def _differences(group: RunGroup, figure: PublishedFigure) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What differs, ours / theirs; and what is not known of ours or of the figure."""
    settings = group.settings
    kinds = [kind_of_text(source) for source in settings.class_text]
    pairs: list[tuple[str, object, object]] = [
        ("architecture", _architecture(settings), figure.architecture),
        ("trained on", settings.trained_on or "nothing", figure.trained_on or "nothing"),
        ("frames", settings.n_frames, figure.n_frames),
        ("views", _predicted_views(settings), figure.n_views),
        ("class text", "+".join(dict.fromkeys(_TEXT_KINDS.get(kind, kind) for kind in kinds)), figure.class_text),
    ]
    if settings.protocol == "base_to_novel":
        if settings.trained_on is not None and figure.shots is not None:
            is_known = settings.trained_on != NOT_RECORDED
            pairs.append(("shots", settings.shots or "all" if is_known else NOT_RECORDED, figure.shots))
        pairs.append(("runs", len(group.runs), figure.n_folds))
    else:
        pairs.append(("folds", group.n_folds, figure.n_folds))
    pairs += recorded_pairs(group.runs, figure)
    return (*differing(pairs), *_only_ours(group)), tuple(unknown(pairs))


def _predicted_views(settings: RunSettings) -> int | str:
    """Views that a prediction is made of; those that a prompt is only tuned on are none of them."""
    adaptation = dict(settings.adaptation)
    if adaptation.get("prediction") == "confident_views":
        return f"the confident {adaptation['confident_share']}"
    return settings.n_test_clips * settings.n_test_crops


def _only_ours(group: RunGroup) -> list[str]:
    """Departures from what all the papers do: OpenAI's weights, trained ones whole, published lists, all videos."""
    found = []
    weights = sorted({run.weights for run in group.runs} - {None, "openai"}, key=str)
    if weights:
        found.append(f"weights {', '.join(Path(str(name)).name for name in weights)} / openai")
    if group.settings.protocol in ("base_to_novel", "few_shot") and not group.settings.lists:
        found.append("split drawn / published lists")
    share = dict(group.settings.model_arguments).get("tuned_share", "1.0")
    if float(share) != 1:
        found.append(f"share of the tuned weights {share} / 1.0")
    n_failed = max(run.n_failed for run in group.runs)
    if n_failed:
        found.append(f"undecodable videos that count as wrong {n_failed} / 0")
    n_damaged = max(run.n_damaged for run in group.runs)
    if n_damaged:
        found.append(f"damaged frames that were accepted {n_damaged} / 0")
    n_excluded = max(run.n_excluded for run in group.runs)
    if n_excluded:
        found.append(f"videos left out {n_excluded} / 0")
    if text_changes(group.runs) and not group.settings.adaptation:  # whose text is its own, in papers too
        found.append("tested with another kind of class text than trained")
    return found
