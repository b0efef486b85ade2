"""An experiment that takes a second."""

from pathlib import Path

import yaml


def write_small_experiment(folder: Path, *, videos: Path, weights: Path) -> Path:
    """Writes a configuration of T2L, base to novel, without worker processes, whose run is in the same folder.

    Args:
        folder: Where the file and the run lie.
        videos: A folder of videos with a folder per class.
        weights: Weights of the tiny CLIP.
    """
    model = {
        "backbone": {"architecture": "tiny-clip", "weights": str(weights)},
        "n_frames": 4,
        "diversity_weight": 0.0,
        "optimization": {"learning_rate": 1.0e-3},
    }
    data = {
        "train": str(videos),
        "clips": {"n_frames": 4, "image_size": 32},
        "split": {"held_out_fraction": 0.25},
        "text": {"templates": ["{}", "a video of {}"]},
        "loading": {"batch_size": 4, "n_workers": 0},
    }
    content = {
        "seed_everything": 3,
        "run_dir": str(folder / "run"),
        "model": {"class_path": "zsar.lightning_modules.t2l.T2L", "init_args": model},
        "data": {"class_path": "zsar.datamodules.data_sets.VideoFolder", "init_args": data},
        "trainer": {"accelerator": "cpu", "devices": 1, "max_epochs": 2, "enable_progress_bar": False},
    }
    path = folder / "experiment.yaml"
    path.write_text(yaml.safe_dump(content))
    return path
