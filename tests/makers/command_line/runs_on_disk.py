"""Run folders as commands leave them, made without running any, and configurations of commands that find them."""

import json
from pathlib import Path
from typing import Any

import torch

from zsar.lightning_modules.run_folders.prediction_files import prediction_file
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash

SET_OF = {"test": "base", "validate": "val", "predict": "predict"}


def config_of(folder: Path, **changes: Any) -> dict[str, Any]:
    """The configuration of a command; changes by dotted name with "__" for the dot."""
    config: dict[str, Any] = {
        "seed_everything": 0,
        "run_dir": str(folder),
        "ckpt_path": None,
        "overwrite": False,
        "adaptation": None,
        "model": {"class_path": "zsar.lightning_modules.t2l.T2L", "init_args": {"n_frames": 8}},
        "data": {"class_path": "UCF101", "init_args": {"split": {"fold": 1}, "loading": {"n_workers": 4}}},
        "trainer": {"precision": None, "max_epochs": 5, "max_steps": -1, "enable_progress_bar": None},
        "checkpoint": {"dirpath": None},
    }
    for name, value in changes.items():
        *sections, leaf = name.split("__")
        place = config
        for section in sections:
            place = place[section]
        place[leaf] = value
    return config


def save_checkpoint(path: Path, weight: float = 0.0, *, epoch: int = 1, **about: Any) -> str:
    """A checkpoint after `epoch + 1` epochs; returns the hash of its weights."""
    state = {"w": torch.full((3,), weight)}
    progress = {"is_last_batch": True, "current": {"completed": 4}}
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "state_dict": state,
        "epoch": epoch,
        "global_step": 4 * (epoch + 1),
        "loops": {"fit_loop": {"epoch_loop.batch_progress": progress}},
        "optimizer_states": [],
        "zsar": {"weights_hash": trained_weights_hash(state), **about},
    }
    torch.save(content, path)
    return trained_weights_hash(state)


def write_results(folder: Path, stage: str, *, weights: str | None, config: dict[str, Any]) -> None:
    """What a command leaves: its results and its predictions."""
    model = {"checkpoint": f"{folder}/checkpoints/best.ckpt", "checkpoint_weights_hash": weights}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT_FILES[stage]).write_text(json.dumps({"stage": stage, "model": model, "config": config}))
    prediction_file(folder, SET_OF[stage]).write_text("video,path,label,prediction\n")


def files_under(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by name, with what it holds."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
