"""The contents of a run folder, and who may write into it; `written_files` says what of it belongs to zsar.

    RUN_DIR/checkpoints/{best,last}.ckpt      of `zsar fit`; weight_mean.ckpt of a mean of epochs
            results.json                      of `zsar test`; results_validate.json, results_predict.json
            predictions_SET.csv               sets by stage: "val", and those of the test; predictions.csv of predict
            detections.json                   of `zsar test` with a localizer; detections_predict.json
            pictures/, csv/                   what callbacks draw (`picture_files`), logs

A folder belongs to one training and one set of weights. A training starts in a folder without checkpoints and results,
or resumes from a checkpoint in it. Results are of the folder's checkpoints, all with the same weights, and are replaced
only by the same test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED, checkpoints_in
from zsar.lightning_modules.run_folders.settings_of_before import config_of_now
from zsar.runtime.class_paths import with_current_class_paths
from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.flat_settings import flat_settings

RESULT_FILES = {"test": "results.json", "validate": "results_validate.json", "predict": "results_predict.json"}
DETECTION_FILES = {"test": "detections.json", "predict": "detections_predict.json"}
_MOST_DIFFERENCES = 3
_REMEDY = "remove it, or give another --run_dir"
# The parts of a run's configuration that affect a result, and the exceptions.
_SECTIONS = ("seed_everything", "model", "data", "adaptation")
_WITHOUT_EFFECT = re.compile(
    r"(.*\.)?_\w+|model\.init_args\.(optimization\..*|start_from|backbone\.gradient_checkpointing)"
    r"|data\.init_args\.(loading\.(batch_size|test_batch_size|n_workers)|clips\.image_size)"  # the latter: the model's
)


def results_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Reads the results in a run folder, by stage.

    Raises:
        ValueError: One of them is not JSON, or does not have the layout of a result.
    """
    results = {}
    for stage, name in RESULT_FILES.items():
        path = folder / name
        if path.exists():
            content = read_given_json(path, what="result", remedy=_REMEDY, bytes_of_names=True)
            if not isinstance(content, dict):
                raise ValueError(f"{path}: it holds a {type(content).__name__}, not a result; {_REMEDY}")
            _check_layout(path, content)
            results[stage] = content
    return results


def _check_layout(path: Path, result: Mapping[str, Any]) -> None:
    """Checks the types of the compared entries of a result."""
    model, config = result.get("model") or {}, result.get("config") or {}
    parts: list[tuple[str, object, type]] = [("model", model, dict), ("config", config, dict)]
    if isinstance(model, dict):
        parts += [(f"model.{name}", model.get(name), str) for name in ("checkpoint", "checkpoint_weights_hash")]
    if isinstance(config, dict):
        parts.append(("config.trainer", config.get("trainer"), dict))
    for name, value, kind in parts:
        if value is not None and not isinstance(value, kind):
            raise ValueError(
                f"{path}: {name} is a {type(value).__name__}, so it was not written by `zsar test`; {_REMEDY}"
            )


def holds_run(folder: Path, checkpoints: Path) -> bool:
    """Whether a folder holds checkpoints or results of a run.

    Logs alone do not count: a training killed before its first checkpoint restarts in its folder.
    """
    return bool(checkpoints_in(checkpoints) or any((folder / name).is_file() for name in RESULT_FILES.values()))


def check_training(folder: Path, checkpoints: Path, *, goes_on_from: Path | None) -> None:
    """Checks that a folder does not hold another training.

    Args:
        folder: The run folder.
        checkpoints: Folder of its checkpoints.
        goes_on_from: The checkpoint to resume from; None for a new training.

    Raises:
        ValueError: The folder holds checkpoints or results, and the training does not resume from one of its
            checkpoints.
    """
    if not holds_run(folder, checkpoints) or (goes_on_from is not None and is_in(goes_on_from, checkpoints)):
        return
    contents = [path.name for path in checkpoints_in(checkpoints)] + [
        RESULT_FILES[stage] for stage in results_in(folder)
    ]
    last = checkpoints / "last.ckpt"
    go_on = f"--ckpt_path {last} to resume it, " if last.is_file() else ""
    raise ValueError(
        f"{folder} holds a run already ({', '.join(contents)}); give another --run_dir, {go_on}or --overwrite to start "
        "again, which removes its checkpoints, logs and results"
    )


def is_in(path: Path, folder: Path) -> bool:
    """Whether a file is directly in a folder, after resolving links."""
    return path.resolve().parent == folder.resolve()


def check_checkpoint(folder: Path, checkpoints: Path, *, path: Path | None, weights: str | None) -> None:
    """Checks that results in the folder of a training are of its weights.

    Args:
        folder: The run folder.
        checkpoints: Folder of its checkpoints.
        path: The checkpoint in use; None for none.
        weights: Hash of its weights, `UNTRAINED`, or None for a model that is not trained.

    Raises:
        ValueError: The folder holds checkpoints, but none with these weights.
    """
    checkpoint_paths = checkpoints_in(checkpoints)
    if not checkpoint_paths or (path is not None and is_in(path, checkpoints)):
        return
    from zsar.lightning_modules.run_folders.requested_checkpoint import read_summary  # here, as it needs torch

    used = path or UNTRAINED
    if weights not in {read_summary(each).weights_hash for each in checkpoint_paths}:
        raise ValueError(
            f"{folder} holds a training ({', '.join(path.name for path in checkpoint_paths)}), and {used} is not one "
            "of its checkpoints; give another --run_dir for these results"
        )


def check_results(folder: Path, stage: str, *, weights: str | None, config: Mapping[str, Any]) -> None:
    """Checks that results of other weights or settings would not be replaced or mixed.

    Args:
        folder: The run folder.
        stage: "validate", "test" or "predict".
        weights: Hash of the weights in use, `UNTRAINED`, or None for a model that is not trained.
        config: The configuration of the run.

    Raises:
        ValueError: There are results of other weights, or of the same stage with other settings.
    """
    for result_stage, result in results_in(folder).items():
        if result_weights(result) != weights:
            raise ValueError(
                f"{folder / RESULT_FILES[result_stage]} is of other weights "
                f"({_name_of(result_weights(result), result)}) than these ({_name_of(weights)}); give another "
                "--run_dir, or --overwrite, which removes the old results"
            )
        if result_stage == stage and (differences := result_differences(result, config)):
            shown = "; ".join(differences[:_MOST_DIFFERENCES])
            more = f"; and {len(differences) - _MOST_DIFFERENCES} more" if len(differences) > _MOST_DIFFERENCES else ""
            raise ValueError(
                f"{folder / RESULT_FILES[result_stage]} is of other settings ({shown}{more}); give another --run_dir, "
                "or --overwrite, which removes the old results"
            )


def _name_of(weights: str | None, result: Mapping[str, Any] | None = None) -> str:
    path = None if result is None else (result.get("model") or {}).get("checkpoint")
    name = {None: "a model that is not trained", UNTRAINED: UNTRAINED}.get(weights, f"hash {weights}")
    return name if path in (None, UNTRAINED) else f"{path}, {name}"


def result_weights(result: Mapping[str, Any]) -> str | None:
    """The hash of the weights of a result, `UNTRAINED`, or None for a model that is not trained."""
    model = result.get("model") or {}
    if model.get("checkpoint") == UNTRAINED:
        return UNTRAINED
    if model.get("checkpoint") and "checkpoint_weights_hash" not in model:
        return "unknown"  # from before weights were recorded
    weights: str | None = model.get("checkpoint_weights_hash")
    return weights


def result_differences(result: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Compares the result-relevant settings of a result with another configuration.

    Args:
        result: The result; may use old names of settings.
        config: The other configuration.

    Returns:
        "data.split.fold was 1, is 2" for each leaf; empty if the result has no configuration.
    """
    if not result.get("config"):
        return []
    old, new = (_leaves(config_of_now(with_current_class_paths(settings))) for settings in (result["config"], config))
    order = [name for section in (*_SECTIONS, "trainer") for name in (*old, *new) if name.split(".")[0] == section]
    names = [name for name in dict.fromkeys(order) if old.get(name) != new.get(name)]
    return [f"{name.replace('init_args.', '')} was {old.get(name)}, is {new.get(name)}" for name in names]


def _leaves(config: Mapping[str, Any]) -> dict[str, str]:
    plain = json.loads(json.dumps({name: config.get(name) for name in _SECTIONS}, default=str))
    precision = (config.get("trainer") or {}).get("precision")
    leaves = {**{name: str(value) for name, value in flat_settings(plain)}, "trainer.precision": str(precision)}
    stated = {name: value for name, value in leaves.items() if value != "None"}
    return {name: value for name, value in stated.items() if not _WITHOUT_EFFECT.fullmatch(name)}
