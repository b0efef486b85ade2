"""Fixtures of all tests: tiny models and rendered videos; no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported: nothing may wait for a network
os.environ["ZSAR_TRUSTED_MODULES"] = (
    "tests.makers.command_line.killing"  # callbacks of our own, which command lines name
)

from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

torch.set_num_threads(1)  # pytest-xdist keeps the cores busy, and sums come out alike in every process

SHARED_CLIPS = Path(__file__).parents[2] / "shared" / "clips"


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Each test starts from the same random numbers and leaves no seed of a run behind."""
    torch.manual_seed(0)
    yield
    os.environ.pop("PL_GLOBAL_SEED", None)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the tiny CLIP, untrained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), path)
    return path


@pytest.fixture
def shared_clips() -> Path:
    """The folder of real clips; skips where the workplace does not have it."""
    if not SHARED_CLIPS.is_dir():
        pytest.skip(f"{SHARED_CLIPS} is not here")
    return SHARED_CLIPS


@pytest.fixture
def video_tree(tmp_path: Path) -> Path:
    """Four classes of five small videos each, a folder per class; each class has a colour."""
    generator = np.random.Generator(np.random.PCG64(0))
    channels = {"red dance": [0], "green dance": [1], "blue dance": [2], "white dance": [0, 1, 2]}
    for name, bright in channels.items():
        for index in range(5):
            frames = generator.integers(0, 60, (12, 32, 40, 3), dtype=np.uint8)
            frames[..., bright] += 150
            path = tmp_path / "videos" / name / f"{index}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_video(path, frames, frames_per_second=8)
    return tmp_path / "videos"
