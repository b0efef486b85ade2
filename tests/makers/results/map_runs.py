"""Tests of small models on small videos, by which maps of embeddings are drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def small_data(video_tree: Path, *, n_further_views: int = 0, **settings: Any) -> VideoFolder:
    """The videos of four classes, of which undecodable ones count as wrong."""
    views = AugmentedViews(n_views=n_further_views) if n_further_views else None
    return VideoFolder(
        train=video_tree,
        loading=Loading(4, n_workers=0, on_decode_error="count_as_wrong"),
        **{"test": video_tree, "clips": Clips(n_frames=4, image_size=32, views=views), **settings},
    )


def tiny_model() -> ActionRecognizer:
    """An untrained CLIP whose texts differ: a random token embedding puts all of them on one spot."""
    torch.manual_seed(0)
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    with torch.no_grad():
        model.backbone.clip.token_embedding.weight.mul_(20)
    return model.eval()


def tuning() -> PromptTuning:
    """Prompt tuning that moves the classes visibly."""
    return PromptTuning(method="TPT", learning_rate=0.1, confident_share=0.5)


def draw(
    folder: Path, module: VideoFolder, *callbacks: Callback, model: ActionRecognizer | None = None, **arguments: Any
) -> dict[str, float]:
    """Tests a model with callbacks; returns the logged metrics, without those of time."""
    settings: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    settings |= {"accelerator": "cpu", "default_root_dir": folder, **arguments}
    trainer = Trainer(callbacks=list(callbacks), **settings)
    trainer.test(model or tiny_model(), datamodule=module, verbose=False)
    return {name: float(v) for name, v in trainer.callback_metrics.items() if not name.endswith("_seconds")}


def numbers(folder: Path, set_name: str, stem: str) -> dict[str, Any]:
    """The numbers behind a map."""
    content: dict[str, Any] = json.loads(
        (folder / "pictures" / "embedding_map" / set_name / f"{stem}.json").read_text()
    )
    return content
