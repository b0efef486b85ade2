"""Figures of a results.json that no test can have given: no numbers, outside 0 to 100, sums that do not add up."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean

_COUNTS = ("n_listed", "n_evaluated", "n_failed", "n_classes", "n_videos")
_PERCENT = ("top1", "top5", "mean_class", "harmonic_mean", "untuned_top1", "views_top1", "tuned_top1", "paper_mean")
_TOLERANCE = 1e-3  # of fp32 sums; far below what is printed


def check_figures(path: Path, content: Mapping[str, Any]) -> None:
    """Refuses a result whose figures cannot be right.

    Args:
        path: The file, for the message.
        content: What it holds.

    Raises:
        ValueError: One cannot; the message names it, its value and what is possible.
        KeyError: A result lacks its sets.
    """
    of_sets = content["sets"]
    if not isinstance(of_sets, Mapping) or not of_sets:
        raise ValueError(f"{path}: sets is {shortened(of_sets)}, not the figures of each set; test again")
    for name, of_set in of_sets.items():
        if not isinstance(of_set, Mapping):
            raise ValueError(f"{path}: sets.{name} is {shortened(of_set)}, not the figures of a set; test again")
        _check_numbers(path, of_set, f"sets.{name}")
        _check_counts(path, of_set, f"sets.{name}")
    overall = {name: content[name] for name in ("harmonic_mean",) if content.get(name) is not None}
    _check_numbers(path, overall, "")
    n_damaged = content.get("n_damaged_frames", 0)
    if type(n_damaged) is not int or n_damaged < 0:
        raise ValueError(
            f"{path}: n_damaged_frames is {shortened(n_damaged)}, but a count is a whole number from 0 on; test again"
        )
    for part in ("mean", "std"):  # of localizers
        _check_numbers(path, content.get(part) or {}, part)
    _check_sums(path, content)


def _check_numbers(path: Path, figures: Mapping[str, Any], place: str) -> None:
    for of, name, value in _flat(figures, place):
        field = f"{of}.{name}".lstrip(".")
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError(f"{path}: {field} is {shortened(value)}, not a finite number; test again")
        if name in _COUNTS and not of.endswith(".per_class"):
            if value < 0 or value != int(value):
                raise ValueError(
                    f"{path}: {field} is {shortened(value)}, but a count is a whole number from 0 on; test again"
                )
        elif _is_percent(of, name) and not -_TOLERANCE <= value <= 100 + _TOLERANCE:
            raise ValueError(f"{path}: {field} is {shortened(value)}, but a percentage is from 0 to 100; test again")


def _check_sums(path: Path, content: Mapping[str, Any]) -> None:
    """Refuses figures that are not what those of the sets come to."""
    sets = content["sets"]
    due = {f"mean.{name}": _mean(sets, name) for name in content.get("mean") or {}}
    if {"base", "novel"} <= set(sets) and content.get("harmonic_mean") is not None:
        due["harmonic_mean"] = harmonic_mean(sets["base"]["top1"], sets["novel"]["top1"])
    for field, value in due.items():
        part, _, name = field.partition(".")
        stated = content[part][name] if name else content[part]
        if value is not None and abs(stated - value) > _TOLERANCE:
            raise ValueError(f"{path}: {field} is {shortened(stated)}, but the sets come to {value:.4f}; test again")


def _mean(sets: Mapping[str, Any], name: str) -> float | None:
    values = [of_set[name] for of_set in sets.values() if name in of_set]
    return statistics.mean(values) if values else None


def _flat(figures: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, Any]]:
    """Every figure: in what it is, its name, its value."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}.{name}")
        else:
            yield place, name, value


def _is_percent(place: str, name: str) -> bool:
    return place.endswith(".per_class") or name in _PERCENT or name == "map" or name.startswith("map_")


def _check_counts(path: Path, of_set: Mapping[str, Any], place: str) -> None:
    if "n_listed" not in of_set:
        return
    listed = of_set["n_listed"]
    seen_by = [name for name in ("n_evaluated", "n_failed", "n_videos") if name in of_set]
    seen = sum(of_set[name] for name in seen_by)
    if seen_by and seen != listed:
        sums = " + ".join(f"{name} {of_set[name]}" for name in seen_by)
        raise ValueError(
            f"{path}: {place} has {sums}, but n_listed is {listed}; the result is not that of the whole set: test again"
        )
