"""Tests of a tiny recognizer on rendered videos, with a callback: what it writes is what is tested."""

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Text
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def colour_videos(videos: Path, **settings: Any) -> VideoFolder:
    """The videos of `write_class_folders`, read in this process; those that cannot be decoded count as wrong."""
    defaults = {
        "train": videos,
        "test": videos,
        "clips": Clips(n_frames=4, image_size=32),
        "text": Text(templates="name"),
        "loading": Loading(3, n_workers=0, on_decode_error="count_as_wrong"),
    }
    return VideoFolder(**{**defaults, **settings})


def run_recognizer_test(path: Path, data: VideoFolder, *callbacks: Callback, **arguments: Any) -> Trainer:
    """Tests a tiny CLIP with random weights, always the same, and returns the trainer."""
    torch.manual_seed(0)
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    settings: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(accelerator="cpu", default_root_dir=path, callbacks=list(callbacks), **{**settings, **arguments})
    trainer.test(model, datamodule=data, verbose=False)
    return trainer


def picture_numbers(path: Path, kind: str, set_name: str, stem: str) -> dict[str, Any]:
    """The numbers of a picture that a test wrote into a run folder."""
    content: dict[str, Any] = json.loads((path / "pictures" / kind / set_name / f"{stem}.json").read_text())
    return content
