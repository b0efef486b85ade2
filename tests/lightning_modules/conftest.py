"""An experiment that takes a second."""

from pathlib import Path

import pytest
import yaml


@pytest.fixture
def experiment(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> Path:
    """A small experiment: T2L on four classes, base to novel, no worker processes."""
    model = {
        "backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)},
        "n_frames": 4,
        "diversity_weight": 0.0,
        "optimization": {"learning_rate": 1.0e-3},
    }
    data = {
        "train": str(video_tree),
        "clips": {"n_frames": 4, "image_size": 32},
        "split": {"held_out_fraction": 0.25},
        "text": {"templates": ["{}", "a video of {}"]},
        "loading": {"batch_size": 4, "n_workers": 0},
    }
    content = {
        "seed_everything": 3,
        "run_dir": str(tmp_path / "run"),
        "model": {"class_path": "zsar.lightning_modules.t2l.T2L", "init_args": model},
        "data": {"class_path": "zsar.datamodules.data_sets.VideoFolder", "init_args": data},
        "trainer": {"accelerator": "cpu", "devices": 1, "max_epochs": 2, "enable_progress_bar": False},
    }
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(content))
    return path
