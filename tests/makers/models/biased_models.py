"""A tiny model with a logit bias, as SigLIP has one: it tells the probability of each class by itself."""

import json
import math
from pathlib import Path

import torch

from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights

SCALE, BIAS = 10.0, -4.0
"""Of the model: sigmoid(10 cos - 4) is 0.5 at a cosine of 0.4."""


def biased_clip(folder: Path, weights: Path) -> TrainedClipSettings:
    """The tiny CLIP with `SCALE` and `BIAS`, its towers as in a file of weights.

    Args:
        folder: Where its JSON config and its weights are written.
        weights: Of the tiny CLIP.
    """
    architectures = Path(open_clip_weights.__file__).parent / "architectures"
    config = json.loads((architectures / "tiny-clip.json").read_text())
    path = folder / "biased.json"
    path.write_text(json.dumps({**config, "init_logit_bias": BIAS, "init_logit_scale": math.log(SCALE)}))
    clip = OpenClipBackbone(str(path), "random").clip
    towers = torch.load(weights, weights_only=True)
    clip.load_state_dict({**clip.state_dict(), **{k: v for k, v in towers.items() if k != "logit_scale"}})
    torch.save(clip.state_dict(), folder / "biased.pt")
    return TrainedClipSettings(str(path), str(folder / "biased.pt"))
