"""TriedClip: a CLIP model with what methods are tried on: one video of two frames, two classes of two prompts.

With weights, everything is run on values. Without (`torch.device("meta")`) the same calls are made on tensors that have
a shape and no values, which takes no memory, and finds out whether a method can run a tower of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.open_clip_towers.built_clip import BuiltClip
from zsar.lightning_modules.open_clip_towers.frame_features import frame_features
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.stand_in_tokenizer import give_stand_in
from zsar.lightning_modules.open_clip_towers.weights.known_architectures import CLIP_TOKENIZER, stated_architecture
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

N_FRAMES = 2
CLASSES = ClassText(
    "tried",
    ("running", "swimming"),
    (("a video of running.", "someone runs."), ("a video of swimming.", "someone swims.")),
    "zsar models",
)


@dataclass(frozen=True)
class TriedClip:
    """What methods are tried on.

    Attributes:
        backbone: The model.
        tokens: Of the four prompts of `CLASSES`, int64 [4, L], on the CPU.
        missing_tokenizer: Why a stand-in made the tokens; empty where the model's own tokenizer did.
    """

    backbone: OpenClipBackbone
    tokens: Tensor
    missing_tokenizer: str

    @property
    def settings(self) -> BuiltClip:
        """The model as the setting `backbone` of a method."""
        return BuiltClip(self.backbone.architecture, "random", built=self.backbone)

    @property
    def has_values(self) -> bool:
        """Whether the model has weights."""
        return self.backbone.logit_scale.device.type != "meta"

    @cached_property
    def pixels(self) -> Tensor:
        """Two frames of noise, uint8 [2, 3, H, W], on the CPU."""
        generator = torch.Generator().manual_seed(0)
        return torch.randint(256, (N_FRAMES, 3, *self.backbone.image_size), dtype=torch.uint8, generator=generator)

    @property
    def frames(self) -> Tensor:
        """The same frames normalized, [2, 3, H, W], with the model's weights or without values, as these."""
        if self.has_values:
            return self.backbone.normalize_frames(self.pixels)
        return torch.empty(N_FRAMES, 3, *self.backbone.image_size, device="meta")

    @cached_property
    def embedded(self) -> tuple[Tensor, Tensor]:
        """Frames and prompts, embedded by the towers as they are, [2, D] and [4, D], without gradient."""
        with torch.no_grad():
            return self.backbone.encode_frames(self.frames), self.backbone.encode_text(self.tokens)

    @cached_property
    def features(self) -> tuple[Tensor, Tensor]:
        """Features of frames and prompts before the projections, [2, W] and [4, V], without gradient."""
        with torch.no_grad():
            return frame_features(self.backbone, self.frames), self.backbone.text.features(self.tokens)


def tried_clip(backbone: OpenClipBackbone, *, own_tokenizer: bool) -> TriedClip:
    """Makes what methods are tried on.

    Args:
        backbone: The model.
        own_tokenizer: Whether to read texts with the model's own tokenizer even if it must be fetched from Hugging
            Face; otherwise, and where it cannot be fetched, a stand-in takes its place.
    """
    prompts = [prompt for of_class in CLASSES.prompts for prompt in of_class]
    if stated_architecture(backbone.architecture).tokenizer == CLIP_TOKENIZER:
        return TriedClip(backbone, backbone.tokenize(prompts), "")
    missing = "it is fetched from Hugging Face"
    if own_tokenizer:
        try:
            return TriedClip(backbone, backbone.tokenize(prompts), "")
        except (BackboneError, OSError) as error:
            missing = str(error).splitlines()[0]
    give_stand_in(backbone.text)
    return TriedClip(backbone, backbone.tokenize(prompts), missing)
