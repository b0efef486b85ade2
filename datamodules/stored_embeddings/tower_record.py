"""TowerRecord: which visual tower made stored embeddings, as their files state it and batches carry it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TowerRecord:
    """The visual tower that embedded stored frames; all values are as text, so that a file can state them.

    Attributes:
        model: The class of the model: "ZeroShotCLIP", "T2L", ...; and how it embeds frames, where others of its class
            do so otherwise with the same weights: "BIKE without the head".
        architecture: Its CLIP architecture, an open_clip name.
        weights: CLIP's weights as requested; empty if the architecture includes them.
        checkpoint: The checkpoint that it was loaded from; empty for none.
        backbone_hash: Hash of the whole CLIP model, as it was built (`OpenClipBackbone.weights_hash`).
        tower_hash: Hash of all that embeds frames: the visual tower with what a method adds to it.
        frame_mean: Mean that frames of values from 0 to 1 are normalized with, for red, green and blue.
        frame_std: Their standard deviation.
    """

    model: str
    architecture: str
    weights: str
    checkpoint: str
    backbone_hash: str
    tower_hash: str
    frame_mean: str
    frame_std: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What decides an embedding: towers that are equal in it give the same frames the same embeddings."""
        return self.tower_hash, self.frame_mean, self.frame_std

    @property
    def described(self) -> str:
        """The model in words."""
        origin = f"{self.architecture} {self.weights}".strip()
        return f"{self.model} of {self.checkpoint or origin} (tower {self.tower_hash})"
