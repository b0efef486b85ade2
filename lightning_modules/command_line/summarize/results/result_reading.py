"""results.json files of any task: they are read, and what no test can have given is an error."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

from zsar.lightning_modules.command_line.summarize.results.averaged_sets import averaged_sets
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import LABEL_MAP
from zsar.lightning_modules.command_line.summarize.results.records_of_before import (
    test_record_of_now,
    training_record_of_now,
)
from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean
from zsar.lightning_modules.run_folders.run_record import flat_record
from zsar.lightning_modules.run_folders.settings_of_before import arguments_of_now
from zsar.runtime.class_paths import with_current_class_paths
from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.flat_settings import flat_settings

# What may differ among runs of one row: each seed may have a backbone of its own, and memory changes no result.
_TOLD_BY_DATA = ("class_text.source", "shift", "n_frames", "n_test_clips", "n_test_crops")
_FREE_ARGUMENTS = ("backbone", "scoring.training_prompts")  # the latter, which tests do not read, is in the record
_LONGEST = 200  # characters of what is wrong
# Which a test states too, but does not read; its training's are recorded.
_OF_TRAINING = (
    *("optimization", "start_from", "interpolated_regularization", "clip_learning_rate", "structure"),
    *("mixing", "label_smoothing", "n_negative_classes", "logit_scale", "specialization", "tunes_token_embedding"),
)
_PAIRS = ("model_arguments", "adaptation", "training", "test")  # fields of settings
_COUNTS = ("n_listed", "n_evaluated", "n_failed", "n_classes", "n_videos", "n_scored_classes")
_PERCENT = ("top1", "top5", "mean_class", "harmonic_mean", "untuned_top1", "views_top1", "tuned_top1", "paper_mean")
_TOLERANCE = 1e-3  # of fp32 sums; far below what is printed


def read_result(folder: Path) -> dict[str, Any]:
    """Reads the results.json of a run folder.

    Args:
        folder: A run folder after `zsar test`.

    Returns:
        What the file holds.

    Raises:
        ValueError: There is no result, it is not JSON, or it is of another command than `zsar test`.
    """
    path = folder / "results.json"
    if not path.exists():
        raise ValueError(f"{folder} holds no results.json; run `zsar test` with --run_dir {folder} first")
    content = read_given_json(path, what="result", remedy="test again", bytes_of_names=True)
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a result; test again")
    if content.get("stage", "test") != "test":  # a summary of runs has none
        raise ValueError(
            f"{path} is of `zsar {content['stage']}`, not of `zsar test`; test again: `zsar test --overwrite` with "
            f"--run_dir {folder}"
        )
    return content


@contextmanager
def whole_result(folder: Path, content: Mapping[str, Any]) -> Iterator[None]:
    """Within it a result is taken apart, which must be whole.

    Args:
        folder: Where it lies.
        content: What its results.json holds.

    Raises:
        ValueError: The result is not one of ours, as something is not in it or a figure cannot be one, or it is of a
            part of the test set.
    """
    path = folder / "results.json"
    try:
        if not content["complete"]:
            raise ValueError(
                f"{path} is of a part of the test set only (a limit on batches was set); test again without a limit"
            )
        check_figures(path, content)
        yield
    except KeyError as error:
        raise ValueError(
            f"{path} lacks {error}; was it written by `zsar test`? Give run folders, not summaries"
        ) from error
    except (TypeError, AttributeError, LookupError, ArithmeticError, ValueError) as error:
        if isinstance(error, ValueError) and str(error).startswith(str(path)):
            raise
        raise ValueError(
            f"{path} is not laid out as `zsar test` writes it ({str(error)[:_LONGEST]}); was it changed by hand? Test "
            "again"
        ) from error


def given_arguments(content: Mapping[str, Any]) -> dict[str, Any]:
    """The model's arguments in the run's configuration, by the names of now; none where there are none."""
    model = (content["config"] or {}).get("model") or {}
    arguments: dict[str, Any] = model.get("init_args") or {}
    return arguments_of_now("model", with_current_class_paths(arguments), of_class=model.get("class_path"))


def choice_of_classes(content: Mapping[str, Any]) -> str:
    """Which of the data set's classes were tested, by `split.classes`; older results tell by their configuration."""
    data = content["data"]
    if "classes" in data:  # "halves by numpy" where it drew them
        return f"{data['classes']} by numpy" if data.get("half_draws") == "numpy" else str(data["classes"])
    arguments: dict[str, Any] = ((content["config"] or {}).get("data") or {}).get("init_args") or {}
    split = arguments_of_now("data", arguments, of_class=data["class_path"]).get("split") or {}
    return str(split.get("classes", "all"))


def model_arguments(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The model's arguments by dotted name, but for those that may differ in a row; as far as they are known."""
    free = _FREE_ARGUMENTS + (_OF_TRAINING if "model" in (content.get("training") or {}) else ())
    given = [(key, str(value)) for key, value in flat_settings(given_arguments(content))]
    return tuple((key, value) for key, value in given if not any(f"{key}.".startswith(f"{name}.") for name in free))


def training_settings(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The record of the training by dotted name, with the values that settings have now; none where there is none."""
    record = training_record_of_now(content)
    return tuple(flat_record(with_current_class_paths(record)).items())


def test_settings(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the record of a test has beyond what results have always said, by dotted name; none in older results."""
    flat = flat_record(with_current_class_paths(test_record_of_now(content)))
    return tuple((key, value) for key, value in flat.items() if key not in _TOLD_BY_DATA)


def named_settings(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - an instance of any dataclass
    """Settings of a row by name: those that are pairs by dotted names, after the others.

    Args:
        settings: An instance of a dataclass.

    Returns:
        {name: value}, several texts as one; "model.NAME" of the model's arguments, "test.NAME" of what is recorded of
        the test.
    """
    own, dotted = dict[str, Any](), dict[str, Any]()
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in _PAIRS:
            dotted |= {f"{field.name.removesuffix('_arguments')}.{name}": of for name, of in value}
        else:
            own[field.name] = ", ".join(value) if isinstance(value, tuple) else value
    return own | dotted


def text_hashes(content: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of the class text of a test, and of its training as far as that is recorded, by what they are of."""
    hashes = {f"class text of {name}": text["hash"] for name, text in content["class_text"].items()}
    trained = (content.get("training") or {}).get("class_text", {})
    return {**hashes, **{f"class text of {name} in training": text["hash"] for name, text in trained.items()}}


def check_figures(path: Path, content: Mapping[str, Any]) -> None:
    """Checks that the figures of a result can be right.

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
        raise ValueError(f"{path}: n_damaged_frames is {shortened(n_damaged)}, not a whole number from 0; test again")
    for part in ("mean", "std", "segment_scores"):
        _check_numbers(path, content.get(part) or {}, part)
    _check_sums(path, content)


def _check_numbers(path: Path, figures: Mapping[str, Any], place: str) -> None:
    for part, name, value in _flat(figures, place):
        field = f"{part}.{name}".lstrip(".")
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError(f"{path}: {field} is {shortened(value)}, not a finite number; test again")
        if name in _COUNTS and not part.endswith(".per_class"):
            if value < 0 or value != int(value):
                raise ValueError(
                    f"{path}: {field} is {shortened(value)}, but a count is a whole number from 0 on; test again"
                )
        elif _is_percent(part, name) and not -_TOLERANCE <= value <= 100 + _TOLERANCE:
            raise ValueError(f"{path}: {field} is {shortened(value)}, but a percentage is from 0 to 100; test again")


def _check_sums(path: Path, content: Mapping[str, Any]) -> None:
    """Checks that overall figures follow from those of the sets."""
    sets = content["sets"]
    due = {f"mean.{name}": _mean(averaged_sets(content), name) for name in content.get("mean") or {}}
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
    return place.endswith(".per_class") or name in (*_PERCENT, "map", LABEL_MAP) or name.startswith("map_")


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
