"""Test-time adaptation in a results.json: its settings, and its effect on each set."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.averaged_sets import averaged_sets
from zsar.lightning_modules.run_folders.settings_of_before import views_of_now


@dataclass(frozen=True, kw_only=True)
class TuningEffect:
    """The effect of tuning on one set, over the decodable videos.

    Attributes:
        untuned_top1: Top-1 in percent with the untuned prompt, on the same views and texts.
        views_top1: Top-1 in percent of the mean prediction of the confident views, with the untuned prompt.
        tuned_top1: Top-1 in percent with the tuned prompt.
        flipped_right: Videos that only the tuned prompt gets right.
        flipped_wrong: Videos that only the untuned prompt gets right.
        not_tuned: Videos left untuned because a step met NaN or infinity.
        entropy_before: Mean entropy of the untuned predictions in nats.
        entropy_after: Mean entropy of the tuned predictions in nats.
        view_seconds: Time for making the views of a video, not included in the others.
        encoding_seconds: Time for embedding them.
        tuning_seconds: Time for tuning and for scoring with the tuned prompt.
    """

    untuned_top1: float
    views_top1: float
    tuned_top1: float
    flipped_right: float
    flipped_wrong: float
    not_tuned: float
    entropy_before: float
    entropy_after: float
    view_seconds: float
    encoding_seconds: float
    tuning_seconds: float


def adaptation_settings(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The settings of the adaptation of a result.

    Args:
        content: The content of a results.json.

    Returns:
        The settings of the adaptation by name, and those of its views as "views.NAME"; empty for a result without
        adaptation, as from older versions.
    """
    adaptation = content.get("adaptation")
    if adaptation is None:
        return ()
    views = content["data"]["views"]
    if views is None:  # a memory needs none
        return tuple((name, _words(value)) for name, value in {**adaptation, "views": None}.items())
    flat = {**adaptation, "method": adaptation["method"], "views": views["class_path"].split(".")[-1]}
    if "order" not in adaptation:
        flat.setdefault("full_stop", True)  # of before these were options
        flat.setdefault("saliency", "exact")
    flat.update({f"views.{name}": value for name, value in views_of_now(views).items()})
    if not flat.get("views.crop"):
        flat.pop("views.crop_interpolation", None)  # nothing is cropped
    return tuple((name, _words(value)) for name, value in flat.items())


def tuning_effects(content: Mapping[str, Any]) -> dict[str, TuningEffect]:
    """The effects of tuning.

    Args:
        content: The content of a results.json.

    Returns:
        {set name: effect}; of draws of classes and of perturbations the mean, as "test"; empty for a result without
        adaptation.
    """
    if not adaptation_settings(content):
        return {}
    names = [field.name for field in fields(TuningEffect)]
    sets = content["sets"]
    if content.get("mean") is not None:
        averaged = averaged_sets(content).values()
        sets = {"test": {name: statistics.mean(of_set[name] for of_set in averaged) for name in names}}
    return {
        set_name: TuningEffect(**{name: float(results[name]) for name in names}) for set_name, results in sets.items()
    }


def text_sources(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The sources of the texts used for prediction, each once.

    Args:
        content: The content of a results.json.

    Returns:
        Sources as `ClassText.source` has them; an adaptation reads "names", or these and the sources, or these alone.
    """
    sources = tuple(dict.fromkeys(text["source"] for text in content["class_text"].values()))
    read = dict(adaptation_settings(content)).get("texts", "class_text").split(", ")
    return tuple(source for which in read for source in (("names",) if which == "names" else sources))


def _words(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
