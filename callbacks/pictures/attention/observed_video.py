"""What a model looks at in one video: its maps, view by view, in the memory of one view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from zsar.callbacks.pictures.attention.attention_between_frames import attention_between_frames
from zsar.callbacks.pictures.attention.attention_rollout import last_block_attention, rolled_out_attention
from zsar.callbacks.pictures.attention.gradient_relevance import class_relevance
from zsar.callbacks.pictures.attention.token_shares import TokenShares, rounded
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.scorers.concept_spotting import spotted_frames
from zsar.lightning_modules.recognition.scoring import Scoring

MapName = Literal["last", "rollout", "gradient"]


class ScoringModel(Protocol):
    """A model as `VideoTextModel` is one."""

    @property
    def backbone(self) -> OpenClipBackbone: ...  # noqa: D102

    @property
    def scoring(self) -> Scoring: ...  # noqa: D102

    def embed_views(self, frames: Tensor) -> Tensor: ...  # noqa: D102

    def score(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor: ...  # noqa: D102


@dataclass(frozen=True)
class AttentionMap:
    """A map of one video.

    Attributes:
        name: How it is made.
        label: Index of the class that it explains, of a gradient-weighted map; else None.
        views: For each view the shares of its T frames.
    """

    name: MapName
    label: int | None
    views: tuple[TokenShares, ...]


@dataclass(frozen=True)
class ObservedVideo:
    """What a model looks at in one video.

    Attributes:
        layout: The tokens of a frame.
        maps: Those that were asked for, in this order.
        frames: By layer in which frames see each other, how much each attends to each (`attention_between_frames`),
            [V, T, T].
        has_neighbours: Whether they see each other as neighbours, so that maps are of what all frames of the clip take
            from a frame (`attention_rollout`).
        probabilities: Of each class, [C], of the whole video.
        spotted: By label, of a model that weighs the frames for each class (BIKE), what each frame counts: mean over
            prompts, [V, T], summing to 1 over T.
    """

    layout: TokenLayout
    maps: tuple[AttentionMap, ...]
    frames: dict[int, Tensor]
    probabilities: Tensor
    has_neighbours: bool = False
    spotted: Mapping[int, Tensor] = field(default_factory=dict)

    def to_dict(self, class_names: Sequence[str]) -> dict[str, Any]:
        """Numbers for JSON.

        Args:
            class_names: The C names.
        """
        best = int(self.probabilities.argmax())
        return {
            "predicted": class_names[best],
            "probability": rounded(self.probabilities[best]),
            "tokens": {
                "class": self.layout.n_class_tokens,
                "registers": self.layout.n_registers,
                "grid": list(self.layout.grid),
                "pooling": self.layout.pooling,
            },
            "maps": [
                {
                    "map": one.name,
                    "class": None if one.label is None else class_names[one.label],
                    "views": [shares.to_dict() for shares in one.views],
                }
                for one in self.maps
            ],
            "frame_attention": self.between_frames(),
            **({"maps_of": "what the embeddings of all frames take from a frame"} if self.has_neighbours else {}),
            **({"spotted_frames": self._spotted(class_names)} if self.spotted else {}),
        }

    def _spotted(self, class_names: Sequence[str]) -> list[dict[str, Any]]:
        return [{"class": class_names[label], "views": rounded(shares)} for label, shares in self.spotted.items()]

    def between_frames(self) -> list[dict[str, Any]]:
        """Numbers for JSON: for each layer in which frames see each other the [T, T] of each view."""
        return [{"layer": layer, "views": rounded(weights)} for layer, weights in sorted(self.frames.items())]


def observe_video(
    model: ScoringModel, frames: Tensor, classes: Tensor, *, maps: Sequence[MapName], labels: Sequence[int]
) -> ObservedVideo:
    """Observes a model while it embeds a video.

    Works within inference mode, too. The gradient is that of the score of the view itself: the logit of a class, or its
    log-probability where the model averages over prompts.

    Args:
        model: In evaluation mode.
        frames: uint8 [V, T, 3, H, W], on the model's device.
        classes: Class embeddings, [C, P, D].
        maps: Which maps.
        labels: The classes of the gradient-weighted maps, if these are among the maps, and of spotted frames.

    Raises:
        BackboneError: The model's visual tower has no attention over patches.
        ValueError: The frames are not of the model's size or number.
    """
    views = []
    device = frames.device.type
    # Autograd rejects tensors of inference mode, so they are copied; half precision would lose small gradients.
    with torch.inference_mode(False), torch.set_grad_enabled("gradient" in maps), torch.autocast(device, enabled=False):
        classes = classes.clone()
        views = [_observe_view(model, view[None, None].clone(), classes, maps, labels) for view in frames]
    with torch.no_grad():
        embeddings = torch.stack([view.embeddings for view in views], dim=1)
        probabilities = model.score(embeddings, classes)[0].float().softmax(dim=0)
        spotted = _spotted(embeddings, classes[list(labels)]) if labels and model.scoring.reads_tokens else ()
    keys = views[0].maps.keys()
    return ObservedVideo(
        views[0].layout,
        tuple(AttentionMap(name, label, tuple(view.maps[name, label] for view in views)) for name, label in keys),
        {layer: torch.stack([view.frames[layer] for view in views]) for layer in views[0].frames},
        probabilities.cpu(),
        has_neighbours=views[0].has_neighbours,
        spotted=dict(zip(labels, spotted, strict=False)),
    )


def _spotted(frames: Tensor, classes: Tensor) -> Tensor:
    """What each frame counts for each class, mean over prompts: [1, V, T, D] and [C, P, D'] -> [C, V, T]."""
    return spotted_frames(frames, classes)[0].mean(dim=1).transpose(0, 1).cpu()


@dataclass(frozen=True)
class _View:
    """What is kept of a view: `maps` by name and class, `frames` [T, T] by layer, `embeddings` [1, T, D]."""

    layout: TokenLayout
    maps: dict[tuple[MapName, int | None], TokenShares]
    frames: dict[int, Tensor]
    embeddings: Tensor
    has_neighbours: bool


def _observe_view(
    model: ScoringModel, frames: Tensor, classes: Tensor, maps: Sequence[MapName], labels: Sequence[int]
) -> _View:
    """Observes one view, uint8 [1, 1, T, 3, H, W]."""
    with model.backbone.observed_attention(gradient="gradient" in maps) as record:
        embeddings = model.embed_views(frames)
    shares: dict[tuple[MapName, int | None], TokenShares] = {}
    for name in maps:
        if name == "gradient":
            scores = model.score(embeddings, classes)[0]
            shares.update({(name, label): class_relevance(record, scores[label]) for label in labels})
        else:
            shares[name, None] = last_block_attention(record) if name == "last" else rolled_out_attention(record)
    between = attention_between_frames(record)
    return _View(record.tokens, shares, between, embeddings[:, 0].detach(), bool(record.neighbour_layers))
