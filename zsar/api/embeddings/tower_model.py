"""The model that stored embeddings were made by, built again: its text tower and scorer read them."""

from __future__ import annotations

from pathlib import Path

import torch

from zsar.datamodules.stored_embeddings.tower_record import TowerRecord
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import named_of
from zsar.lightning_modules.open_clip_towers.tower_hash import TowerCheck
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def model_of_tower(
    tower: TowerRecord,
    *,
    weights: str | None = None,
    tokenizer: str | None = None,
    checkpoint: Path | str | None = None,
    device: torch.device | str = "cpu",
) -> ActionRecognizer:
    """Builds the model that made embeddings.

    Args:
        tower: As the files state it.
        weights: CLIP's weights, if they have moved since.
        tokenizer: Folder with the files of the tokenizer, if it is not the one that the model names, or has moved.
        checkpoint: The checkpoint, if it has moved since.
        device: Device of the model.

    Returns:
        The model in evaluation mode.

    Raises:
        ValueError: The checkpoint is not there, or the model has another visual tower than that of the files.
        BackboneError: The weights are neither local nor downloadable.
        CheckpointError: The checkpoint cannot be read.
    """
    stated = str(checkpoint or tower.checkpoint)
    if stated:
        if not Path(stated).is_file():
            raise ValueError(
                f"the embeddings are of the checkpoint {stated}, which is not there; give --checkpoint FILE"
            )
        model = load_recognizer(stated, weights=weights, tokenizer=tokenizer, device=device)
    else:
        model = _frozen(tower, weights, tokenizer).to(device)
    TowerCheck().check(model, tower)
    return model


def _frozen(tower: TowerRecord, weights: str | None, tokenizer: str | None) -> ActionRecognizer:
    chosen = weights or tower.weights or None
    named = named_of(tower.frame_mean, tower.frame_std) or "model"
    settings = ClipSettings(tower.architecture, chosen, frame_statistics=named, tokenizer=tokenizer)
    return ZeroShotCLIP(backbone=settings).eval()
