"""results.json files of any task, as `zsar summarize` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.summarize.possible_figures import check_figures
from zsar.lightning_modules.run_folders.run_record import flat_record
from zsar.lightning_modules.run_folders.settings_of_before import arguments_of_now
from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.flat_settings import flat_settings

# What may differ among runs of one row: each seed may have a backbone of its own, and memory changes no result.
_TOLD_BY_DATA = ("class_text.source", "shift", "n_frames", "n_test_clips", "n_test_crops")
_FREE_ARGUMENTS = ("backbone",)
_LONGEST = 200  # characters of what is wrong
_OF_TRAINING = ("optimization", "start_from")  # which a test states too, but does not read; its training's are recorded


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
                f"{path} is of a part of the test set only (a limit on batches was set); test again without"
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
    """The model's arguments in the run's configuration, by the names of now; none where the result has none."""
    arguments: dict[str, Any] = ((content["config"] or {}).get("model") or {}).get("init_args") or {}
    return arguments_of_now("model", arguments)


def model_arguments(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The model's arguments by dotted name, but for those that may differ in a row; as far as they are known."""
    free = _FREE_ARGUMENTS + (_OF_TRAINING if "model" in (content.get("training") or {}) else ())
    given = [(key, str(value)) for key, value in flat_settings(given_arguments(content))]
    return tuple((key, value) for key, value in given if not any(f"{key}.".startswith(f"{name}.") for name in free))


def test_settings(content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the record of a test has beyond what results have always said, by dotted name; none in older results."""
    flat = flat_record(content.get("test"))
    return tuple((key, value) for key, value in flat.items() if key not in _TOLD_BY_DATA)


def text_hashes(content: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of the class text of a test, and of its training as far as that is recorded, by what they are of."""
    hashes = {f"class text of {name}": text["hash"] for name, text in content["class_text"].items()}
    trained = (content.get("training") or {}).get("class_text", {})
    return {**hashes, **{f"class text of {name} in training": text["hash"] for name, text in trained.items()}}
