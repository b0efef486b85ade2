"""What frames are normalized with, by name; `open_clip_towers.pixels.frame_statistics` has the numbers."""

from __future__ import annotations

from typing import Literal

FrameStatistics = Literal["model", "openai", "imagenet", "half", "zero_one"]
"""Whose mean and deviation frames are normalized with.

"model": those that the model's weights were published with. "openai": CLIP's, of OpenAI's own images. "imagenet":
ImageNet's, as in CLIPA. "half": 0.5 and 0.5, so that values are from -1 to 1, as in SigLIP and PE-Core. "zero_one": 0
and 1, so that values stay from 0 to 1, as in MobileCLIP.
"""
