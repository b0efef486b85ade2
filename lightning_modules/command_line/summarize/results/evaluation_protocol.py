"""The protocol of a test: how its classes relate to those of training, and the training videos per class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

EvaluationProtocol = Literal[
    "zero_shot", "base_to_novel", "few_shot", "fully_supervised", "distribution_shift", "multi_label"
]

LABEL_MAP = "mean_average_precision"
"""The figure of a set whose videos have several labels: mAP over the classes, not that of localization, "map"."""

_SHIFTED_DATA_SET = re.compile(r".+_(ds|p|o)")
# Videos per class in published few-shot lists; runs on lists do not record their shots.
_LISTED_SHOTS = (2, 4, 8, 16)


def protocol_of(data: Mapping[str, Any], trained_on: Mapping[str, Any] | None, shots: int | None) -> EvaluationProtocol:
    """The protocol of a test.

    Args:
        data: The data module's description of the test data (`describe`).
        trained_on: Its description of the training data; None for a model that was not trained.
        shots: Training videos per class; None for all, or no training.

    Returns:
        Base-to-novel or multi-label as the data state; else by the data set: a shifted one, another one than the
        training set (or no training), few shots of the same one, all of the same one.
    """
    data_set = data_set_of(data)
    if data["protocol"] in ("base_to_novel", "multi_label"):
        return cast(EvaluationProtocol, data["protocol"])
    if _SHIFTED_DATA_SET.fullmatch(data_set):
        return "distribution_shift"
    if trained_on is None or data_set_of(trained_on) != data_set:
        return "zero_shot"
    return "fully_supervised" if shots is None else "few_shot"


def main_figures(sets: Mapping[str, Any], protocol: str) -> dict[str, float]:
    """The figures that a test is known by, in percent.

    Args:
        sets: The metrics of each set.
        protocol: As the test's data state it.

    Returns:
        Top-1 by set; or `LABEL_MAP` alone, of the one set whose videos have several labels.
    """
    if protocol != "multi_label":
        return {name: float(of_set["top1"]) for name, of_set in sets.items()}
    (of_set,) = sets.values()
    return {LABEL_MAP: float(of_set[LABEL_MAP])}


def data_set_of(data: Mapping[str, Any]) -> str:
    """Id of a described data set; older results have the class path only, whose module has the data set's name."""
    return str(data["data_set"] if "data_set" in data else data["class_path"].split(".")[-2])


def training_shots(trained_on: Mapping[str, Any], texts: Mapping[str, Any]) -> int | None:
    """Training videos per class.

    Args:
        trained_on: The data module's description of the training data.
        texts: {set name: what is recorded of its class text} of the test.

    Returns:
        The drawn number, or the number in the list that was used instead; None for all.
    """
    if trained_on["shots"] is not None or "train" not in (trained_on.get("lists") or {}):
        return cast("int | None", trained_on["shots"])
    text = texts.get("base") or next(iter(texts.values()))
    per_class = trained_on["n_listed"]["train"] / text["n_classes"]
    return int(per_class) if per_class in _LISTED_SHOTS else None


def uses_lists(protocol: EvaluationProtocol, data: Mapping[str, Any], trained_on: Mapping[str, Any] | None) -> bool:
    """Whether published lists were used instead of draws.

    Args:
        protocol: The protocol of the test.
        data: The data module's description of the test data.
        trained_on: Its description of the training data; None for a model that was not trained.

    Returns:
        By the lists of training for few-shot tests, of both for base-to-novel ones, of the test for others.
    """
    for_test, for_training = data.get("lists") or {}, (trained_on or {}).get("lists") or {}
    if protocol == "base_to_novel":
        return "base" in for_test and (trained_on is None or "train" in for_training)
    return "train" in for_training if protocol == "few_shot" else "test" in for_test


def training_draw(trained_on: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What decides which videos were trained on: data set, fold, split seed and list; "None" for each without training.

    Args:
        trained_on: The data module's description of the training data; None for a model that was not trained.
    """
    described = trained_on or {}
    listed = (described.get("lists") or {}).get("train")
    return tuple(str(value) for value in (*(described.get(key) for key in ("data_set", "fold", "split_seed")), listed))
