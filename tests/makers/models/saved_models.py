"""Small models, and checkpoints of them."""

from pathlib import Path

import torch

from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.training.checkpoints import pack_checkpoint
from zsar.lightning_modules.training.optimization import Optimization


def small_t2l(tiny_weights: Path) -> T2L:
    optimization = Optimization(betas=(0.9, 0.95))
    return T2L(
        backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4, optimization=optimization
    ).eval()


def saved(model: ActionRecognizer, path: Path, **changes: object) -> Path:
    checkpoint: dict[str, object] = {"state_dict": model.state_dict(), "hyper_parameters": {"an": object()}}
    pack_checkpoint(model, checkpoint)
    torch.save({**checkpoint, **changes}, path / "model.ckpt")
    return path / "model.ckpt"
