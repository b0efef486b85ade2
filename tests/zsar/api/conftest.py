"""Fixtures of the Python API."""

from pathlib import Path

import pytest

import zsar
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@pytest.fixture
def model(tiny_weights: Path) -> ActionRecognizer:
    """Frozen tiny CLIP, on the CPU."""
    return zsar.load("tiny-clip", weights=tiny_weights, device="cpu")
