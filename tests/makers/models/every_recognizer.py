"""Every recognizer on a tiny CLIP, with weights that training would have changed."""

from pathlib import Path

import torch

from zsar.lightning_modules.ap_clip import APCLIP
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.taco import TACO

RECOGNIZERS = ("ZeroShotCLIP", "T2L", "FineTunedCLIP", "WiSE-FT", "APCLIP", "BIKE", "OpenVCLIP", "TACO")


def recognizer(name: str, weights: Path) -> ActionRecognizer:
    """One of `RECOGNIZERS`; WiSE-FT is FineTunedCLIP with half of the original weights."""
    settings = TrainedClipSettings("tiny-clip", str(weights))
    model: ActionRecognizer = {
        "ZeroShotCLIP": lambda: ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(weights))),
        "T2L": lambda: T2L(backbone=settings, n_frames=4),
        "FineTunedCLIP": lambda: FineTunedCLIP(backbone=settings),
        "WiSE-FT": lambda: FineTunedCLIP(backbone=settings, tuned_share=0.5),
        "APCLIP": lambda: APCLIP(backbone=settings),
        "BIKE": lambda: BIKE(backbone=settings),
        "OpenVCLIP": lambda: OpenVCLIP(backbone=settings),
        "TACO": lambda: TACO(backbone=settings),
    }[name]()
    draws = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.02 * torch.randn(parameter.shape, generator=draws))
    return model.eval()
