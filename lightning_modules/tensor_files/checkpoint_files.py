"""Checkpoint files: read without running code from them, and checked entry by entry before use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from zsar.lightning_modules.tensor_files.tensor_files import TensorFileError, read_tensor_file

_IMPORT = "to import a checkpoint of a method's authors, see `zsar convert`"
_ABOUT: dict[str, tuple[type, ...]] = {
    "class_path": (str,),
    "init_args": (dict,),
    "architecture": (str,),
    "backbone_hash": (str,),
}
_ABOUT_OR_NONE: dict[str, tuple[type, ...]] = {
    "weights_hash": (str,),  # older checkpoints do not state it
    "frames": (dict,),  # nor this
    "trained_on": (dict,),
    "training": (dict,),
    "batch_limits": (dict,),
}
_ENTRIES_OR_NONE: dict[str, tuple[type, ...]] = {
    "epoch": (int,),
    "global_step": (int,),
    "loops": (dict,),
    "callbacks": (dict,),
    "optimizer_states": (list,),
    "lr_schedulers": (list,),
    "pytorch-lightning_version": (str,),
    "structure_teacher": (dict,),
}


class CheckpointError(RuntimeError):
    """A checkpoint does not match the model; the message gives the difference and a remedy."""


def read_plain(path: Path | str, *, in_memory: bool = True) -> dict[str, Any]:
    """Reads the entries of a file of tensors and plain types, on the CPU, without running code from it.

    Args:
        path: The file.
        in_memory: Whether to read tensors at once; otherwise each is read from the file when used.

    Raises:
        CheckpointError: The file is not of this kind.
    """
    try:
        content = read_tensor_file(path, in_memory=in_memory)
    except TensorFileError as error:
        problem = str(error).replace(f"{path} cannot be read", f"{path} cannot be read as a checkpoint", 1)
        if problem == f"there is no file {path}":
            problem = f"{path} cannot be read as a checkpoint: there is no such file"
        raise CheckpointError(problem) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a zsar checkpoint (it holds a {type(content).__name__}); {_IMPORT}")
    return content


def read_checkpoint(path: Path | str, *, in_memory: bool = True) -> dict[str, Any]:
    """Reads and checks the entries of a zsar checkpoint; see `read_plain` and `check_entries`.

    Raises:
        CheckpointError: The file is not a zsar checkpoint.
    """
    checkpoint = read_plain(path, in_memory=in_memory)
    if "zsar" not in checkpoint:
        raise CheckpointError(f"{path} is not a zsar checkpoint; {_IMPORT}")
    check_entries(checkpoint, path)
    return checkpoint


def check_entries(checkpoint: Mapping[str, Any], path: Path | str, *, of_model: bool = False) -> None:
    """Checks the types of a checkpoint's entries.

    Args:
        checkpoint: The content of a file, with an entry "zsar".
        path: The file, for the message.
        of_model: Whether the entries that describe the model are required.

    Raises:
        CheckpointError: An entry is missing or of another type; the message names it.
    """
    _check_type("zsar", checkpoint["zsar"], (dict,), path)
    for name, types in _ABOUT.items():
        optional = () if of_model else (type(None),)
        _check_type(f"zsar.{name}", checkpoint["zsar"].get(name), (*types, *optional), path)
    for name, types in _ABOUT_OR_NONE.items():
        _check_type(f"zsar.{name}", checkpoint["zsar"].get(name), (*types, type(None)), path)
    for name, types in _ENTRIES_OR_NONE.items():
        _check_type(name, checkpoint.get(name), (*types, type(None)), path)
    state = checkpoint.get("state_dict")
    _check_type("state_dict", state, (dict,), path)
    assert isinstance(state, dict)
    for name, value in state.items():
        _check_type("a name in state_dict", name, (str,), path)
        _check_type(f"state_dict[{name!r}]", value, (Tensor,), path)
    for name in ("callbacks", "optimizer_states", "lr_schedulers"):
        entries = checkpoint.get(name) or ()
        for entry in entries.values() if isinstance(entries, dict) else entries:
            _check_type(f"an entry of {name}", entry, (dict,), path)
    for optimizer in checkpoint.get("optimizer_states") or ():
        _check_type("optimizer_states.state", optimizer.get("state"), (dict,), path)
        _check_type("optimizer_states.param_groups", optimizer.get("param_groups"), (list,), path)
    if checkpoint.get("loops") is not None:  # a converted checkpoint has none
        _check_loops(checkpoint["loops"], path, optional=() if of_model else (type(None),))


def _check_loops(loops: Mapping[str, Any], path: Path | str, *, optional: tuple[type, ...]) -> None:
    """Checks the training progress that Lightning and `resumption` read when a training resumes."""
    of_fit = loops.get("fit_loop")
    _check_type("loops.fit_loop", of_fit, (dict,), path)
    assert isinstance(of_fit, dict)
    batches = of_fit.get("epoch_loop.batch_progress")
    _check_type("loops.fit_loop.epoch_loop.batch_progress", batches, (dict,), path)
    assert isinstance(batches, dict)
    _check_type("batch_progress.is_last_batch", batches.get("is_last_batch"), (int,), path)
    _check_type("batch_progress.current", batches.get("current"), (dict,), path)
    _check_type("batch_progress.current.completed", batches["current"].get("completed"), (int,), path)
    for name in ("epoch_progress", "epoch_loop.batch_progress"):
        progress = of_fit.get(name)
        _check_type(name, progress, (dict, *optional), path)
        for which in ("current", "total"):
            counts = (progress or {}).get(which)
            _check_type(f"{name}.{which}", counts, (dict, *optional), path)
            for count in ("ready", "started", "processed", "completed"):
                _check_type(f"{name}.{which}.{count}", (counts or {}).get(count), (int, *optional), path)


def _check_type(entry: str, value: object, types: tuple[type, ...], path: Path | str) -> None:
    if not isinstance(value, types):
        due = " or ".join("nothing" if kind is type(None) else kind.__name__ for kind in types)
        actual = "missing" if value is None else f"of the type {type(value).__name__}"
        raise CheckpointError(
            f"{path} is not a complete zsar checkpoint: its entry {entry} is {actual}, not {due}; copy it again, or "
            "train again"
        )
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        raise CheckpointError(f"{path} is not a complete zsar checkpoint: its entry {entry} is {value}; copy it again")
