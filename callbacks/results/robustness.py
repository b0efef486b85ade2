"""Accuracy under several perturbations: means by perturbation, group and severity, and relative robustness.

Source: Schiappa et al. 2023, "A Large-Scale Robustness Analysis of Video Action Recognition Models".
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

_KINDS = ("perturbation", "group", "severity")


def relative_robustness(clean: float, perturbed: float) -> float | None:
    """The share of the clean accuracy that is kept: gamma_r = 1 - (A_clean - A_perturbed) / A_clean.

    Args:
        clean: Accuracy on the clean videos, in any unit >= 0.
        perturbed: Accuracy under perturbations, in the same unit.

    Returns:
        The share, 1 for nothing lost; None where no clean video is recognized.
    """
    return 1 - (clean - perturbed) / clean if clean else None


def robustness(sets: Mapping[str, Mapping[str, Any]], conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Summarizes top-1 under several conditions, which count equally.

    Args:
        sets: Metrics of each set, as results.json has them: those of all conditions and of "clean".
        conditions: The perturbation, group and severity of each condition, by set.

    Returns:
        "clean": top-1 in percent of the clean videos. "all": its mean over the conditions, as "top1" in percent with
        "relative_robustness". "by_perturbation", "by_group" and "by_severity": the same of each of these.
    """
    clean = float(sets["clean"]["top1"])

    def summarized(names: list[str]) -> dict[str, float | None]:
        mean = statistics.mean(float(sets[name]["top1"]) for name in names)
        return {"top1": mean, "relative_robustness": relative_robustness(clean, mean)}

    of_kind: dict[str, dict[str, list[str]]] = {kind: {} for kind in _KINDS}
    for name, condition in conditions.items():
        for kind in _KINDS:
            of_kind[kind].setdefault(str(condition[kind]), []).append(name)
    means = {f"by_{kind}": {key: summarized(names) for key, names in of_kind[kind].items()} for kind in _KINDS}
    return {"clean": clean, "all": summarized(list(conditions)), **means}
