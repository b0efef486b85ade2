"""Fixtures of the Python API."""

from pathlib import Path

import pytest
import torch

import zsar
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@pytest.fixture
def model(tiny_weights: Path) -> ActionRecognizer:
    """Frozen tiny CLIP, on the CPU."""
    return zsar.load("tiny-clip", weights=tiny_weights, device="cpu")


@pytest.fixture
def telling_model(tmp_path: Path) -> ActionRecognizer:
    """An untrained tiny CLIP whose texts differ: a random token embedding puts all of them on one spot."""
    torch.manual_seed(0)
    clip = OpenClipBackbone("tiny-clip", "random").clip
    with torch.no_grad():
        clip.token_embedding.weight.mul_(20)
    torch.save(clip.state_dict(), tmp_path / "telling.pt")
    return zsar.load("tiny-clip", weights=tmp_path / "telling.pt", device="cpu")
