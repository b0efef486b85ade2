"""Models of all kinds whose untrained texts differ, and tests of them with all logits, for adaptations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Text
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.further_views import Views
from zsar.lightning_modules.ap_clip.ap_clip import APCLIP
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l.t2l import T2L

AUGMENTED = AugmentedViews(n_views=4)


def data(
    video_tree: Path,
    *,
    views: Views | None = AUGMENTED,
    batch_size: int = 4,
    templates: str = "a video of {}.",
    **more: Any,
) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        test=more.pop("test", video_tree),
        clips=Clips(n_frames=4, image_size=32, views=views),
        text=Text(templates=templates),
        loading=Loading(batch_size, n_workers=0, **more),
    )


def model_of(kind: type[ActionRecognizer] = ZeroShotCLIP, **arguments: Any) -> ActionRecognizer:
    """An untrained model whose texts differ: a random token embedding puts all of them on one spot."""
    torch.manual_seed(0)
    model = kind(backbone=TrainedClipSettings("tiny-clip", "random"), **arguments)
    with torch.no_grad():
        model.backbone.clip.token_embedding.weight.mul_(20)
        for name, parameter in model.named_parameters():
            if "adapters" in name and name.endswith("up.weight"):
                parameter.normal_(std=0.05)
    return model.eval()


def run_test(
    folder: Path, model: LightningModule, module: VideoFolder, callback: PromptTuning | None, **arguments: Any
) -> dict[str, Any]:
    """Tests, and returns results.json with all logits and indices as "logits", rows in the set's order."""
    kept = KeepLogits()
    tuning = [] if callback is None else [callback]
    trainer = Trainer(
        accelerator="cpu",
        default_root_dir=folder,
        callbacks=[ResultManifest(), PredictionTable(), *tuning, kept],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **arguments,
    )
    trainer.test(model, datamodule=module, verbose=False)
    content: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return {**content, "logits": kept.in_order()}


class KeepLogits(ResultManifest):
    """Remembers what each step returned."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, Tensor]] = []

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: VideoBatch, *rest: Any
    ) -> None:
        self.rows += zip(batch.indices.tolist(), outputs["logits"].clone(), strict=True)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pass

    def in_order(self) -> Tensor:
        return torch.stack([row for _, row in sorted(self.rows, key=lambda pair: pair[0])])


MODELS = {
    "frozen": ZeroShotCLIP,
    "fine-tuned": FineTunedCLIP,
    "T2L": T2L,
    "AP-CLIP": APCLIP,
    "BIKE": BIKE,
    "Open-VCLIP": OpenVCLIP,
}
