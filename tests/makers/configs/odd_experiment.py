"""An experiment whose test set no two processes can divide evenly."""

from pathlib import Path

import yaml


def write_odd_experiment(path: Path, video_tree: Path, tiny_weights: Path) -> None:
    """A frozen CLIP on seven videos of four classes, one a batch; their list is written beside the videos."""
    content = {
        "seed_everything": 3,
        "model": {
            "class_path": "zsar.lightning_modules.clip.ZeroShotCLIP",
            "init_args": {"backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)}},
        },
        "data": {
            "class_path": "zsar.datamodules.data_sets.VideoFolder",
            "init_args": {
                "train": str(video_tree),
                "test": str(video_tree / "odd.csv"),
                "clips": {"n_frames": 4, "image_size": 32},
                "loading": {"batch_size": 1, "n_workers": 0},
            },
        },
        "trainer": {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False},
    }
    colours = ("red", "green", "blue", "white")
    rows = [f"{c} dance/{i}.mp4,{c} dance" for i in range(2) for c in colours][:7]  # no multiple of two
    (video_tree / "odd.csv").write_text("\n".join(["path,label", *rows]))
    path.write_text(yaml.safe_dump(content))
