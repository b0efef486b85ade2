"""Tiny models with a logit bias, as SigLIP has one: they tell the probability of each class by itself."""

import json
import math
from pathlib import Path

import torch

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights

SCALE, BIAS = 10.0, -4.0
"""Of the biased models: sigmoid(10 cos - 4) is 0.5 at a cosine of 0.4."""


def biased_config(path: Path, *, source: str = "tiny-clip") -> Path:
    """The JSON config of a tiny model that has a logit bias."""
    architectures = Path(open_clip_weights.__file__).parent / "architectures"
    config = json.loads((architectures / f"{source}.json").read_text())
    path.write_text(json.dumps({**config, "init_logit_bias": BIAS, "init_logit_scale": math.log(SCALE)}))
    return path


def biased_weights(path: Path, config: Path, weights: Path) -> Path:
    """The weights of a tiny model without a bias, with `SCALE` and `BIAS`."""
    clip = OpenClipBackbone(str(config), "random").clip
    state = torch.load(weights, weights_only=True)
    state |= {"logit_scale": torch.tensor(SCALE).log(), "logit_bias": torch.tensor(BIAS)}
    clip.load_state_dict(state)
    torch.save(clip.state_dict(), path)
    return path
