"""The CLIP model of a method: the group of settings `model.backbone`.

A model's default may differ from the group's, as in T3AL (CoCa); in Python, give both fields then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zsar.datamodules.choices.frame_pixels import StatedGeometry
from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.choices import check_choices


@dataclass(frozen=True)
class ClipSettings:
    """A CLIP model of open_clip and its weights.

    Attributes:
        architecture: An open_clip model name, an architecture included in zsar ("tiny-clip"), the path of an open_clip
            JSON config, "hf-hub:ORG/NAME" or "local-dir:PATH".
        weights: A tag of open_clip ("openai"), the path of a weights file, or "random"; null for "hf-hub:" and
            "local-dir:", which include their weights.
        frame_statistics: Mean and deviation that frames are normalized with: the "model"'s own, with which its weights
            were published; "openai"'s (CLIP), "imagenet"'s, as ViFi-CLIP's authors fine-tune and test it, "half" (0.5
            and 0.5: SigLIP, PE-Core) or "zero_one" (0 and 1: MobileCLIP). A weights file takes those of the
            architecture's published weights; where these differ or there are none, say it.
        frame_geometry: How frames become square: as the "model"'s weights were published with; or "squash" (both sides
            are resized) or "crop" (the short side is, and the centre is cut), where nothing published says it.
        tokenizer: Folder with the files of the tokenizer (`tokenizer.json`, `tokenizer_config.json`), for models that
            read text with one of the package transformers (SigLIP, CLIPA, ...) on machines without internet access;
            null for the one that the architecture names, from the hub's cache or the hub. Where the text tower is of
            transformers, too, the folder also has its `config.json`.
    """

    architecture: str = "ViT-B-16-quickgelu"
    weights: str | None = "openai"
    frame_statistics: FrameStatistics = field(default="model", kw_only=True)
    frame_geometry: StatedGeometry = field(default="model", kw_only=True)
    tokenizer: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Checks the choices."""
        check_choices(self)

    def build(self) -> OpenClipBackbone:
        """Builds the model, on the CPU.

        Raises:
            BackboneError: There is no such architecture, its weights are neither local nor downloadable, or it is not
                known what its frames are normalized with.
        """
        return OpenClipBackbone(**vars(self))  # the fields are its arguments


@dataclass(frozen=True)
class TrainedClipSettings(ClipSettings):
    """A CLIP model through which gradients flow in training.

    Attributes:
        gradient_checkpointing: Recompute blocks in the backward pass: less memory, about a third more time.
    """

    gradient_checkpointing: bool = False
