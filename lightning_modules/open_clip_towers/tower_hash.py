"""What embeds the frames of a model, as a record: stored embeddings are only scored by the tower that made them.

Text towers, class text and scorers may differ: the hash covers the visual tower and what a method adds to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from zsar.datamodules.stored_embeddings.tower_record import TowerRecord
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


class TowerModel(Protocol):
    """A model with a visual tower, as `VideoTextModel` is one."""

    backbone: OpenClipBackbone

    @property
    def hparams(self) -> Any: ...  # noqa: ANN401, D102 - as LightningModule has it

    @property
    def text_block_forward(self) -> Any: ...  # noqa: ANN401, D102 - as VideoTextModel has it

    @property
    def frame_variant(self) -> str: ...  # noqa: D102

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]: ...  # noqa: D102 - as nn.Module has it

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]: ...  # noqa: D102


def tower_record(model: TowerModel, *, checkpoint: str = "") -> TowerRecord:
    """Describes the visual tower of a model as it is now.

    Args:
        model: The model, prepared for inference.
        checkpoint: The checkpoint that it was loaded from; empty for none.
    """
    backbone = model.backbone
    mean, std = backbone.shown_statistics
    return TowerRecord(
        model=f"{type(model).__name__} {model.frame_variant}".strip(),
        architecture=backbone.architecture,
        weights=stated_weights(model),
        checkpoint=checkpoint,
        backbone_hash=backbone.weights_hash,
        tower_hash=tower_hash(model),
        frame_mean=mean,
        frame_std=std,
    )


def tower_hash(model: TowerModel) -> str:
    """SHA-256 (first 16 hex digits) of all tensors that embed frames, and of the method that uses them.

    What belongs to the text tower or to neither (the logit scale) is left out. Tensors of a method outside the backbone
    count, unless they are in its text blocks.
    """
    digest = hashlib.sha256(f"{_origin(model)}{model.frame_variant}".encode())
    for name, tensor in sorted(_tower_tensors(model).items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


class TowerCheck:
    """Checks that stored embeddings are of a model's tower; the hash is computed again only if weights changed."""

    def __init__(self) -> None:
        """Starts without a hash."""
        self._state: tuple[tuple[int, int], ...] | None = None
        self._hash = ""

    def check(self, model: TowerModel, stored: TowerRecord) -> None:
        """Compares the tower of stored embeddings with a model's.

        Raises:
            ValueError: They differ; the message names both.
        """
        tensors = _tower_tensors(model).values()
        state = tuple((tensor.data_ptr(), tensor._version) for tensor in tensors)
        if state != self._state:
            self._hash, self._state = tower_hash(model), state
        if self._hash != stored.tower_hash:
            raise ValueError(
                f"the stored embeddings are of the visual tower of {stored.described}, but this run's is of "
                f"{tower_record(model).described}; test the model that embedded the videos, or embed them with this "
                "one: `zsar embed`"
            )
        mean, std = model.backbone.shown_statistics
        for name, then, now in (("mean", stored.frame_mean, mean), ("std", stored.frame_std, std)):
            if then != now:
                raise ValueError(
                    f"the frames of the stored embeddings were normalized with the {name} {then}, but this run's model "
                    f"takes {now}; set model.backbone.frame_statistics as it was, or embed the videos again"
                )


def _tower_tensors(model: TowerModel) -> dict[str, Tensor]:
    """The tensors that embed frames, by name."""
    clip: nn.Module = model.backbone.clip
    visual = {id(tensor) for tensor in _tensors(clip.visual).values()}  # type: ignore[arg-type]
    others = {id(tensor) for tensor in _tensors(model.backbone).values()} - visual
    of_text = model.text_block_forward
    if isinstance(of_text, nn.Module):
        others |= {id(tensor) for tensor in _tensors(of_text).values()}
    return {name: tensor for name, tensor in _tensors(model).items() if id(tensor) not in others}


def _tensors(module: TowerModel | nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _origin(model: TowerModel) -> str:
    """Where `embed_frames` of a model is defined."""
    owner = next(kind for kind in type(model).__mro__ if "embed_frames" in vars(kind))
    return f"{owner.__module__}.{owner.__qualname__}"


def stated_weights(model: TowerModel) -> str:
    """The weights that the model's settings name; empty for none. The command line keeps settings as plain entries."""
    backbone = model.hparams.get("backbone")
    weights = backbone.get("weights") if isinstance(backbone, Mapping) else getattr(backbone, "weights", None)
    return str(weights or "")
