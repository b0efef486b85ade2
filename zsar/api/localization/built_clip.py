"""A CLIP model that is built already, where settings of one are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


@dataclass(frozen=True)
class BuiltClip(ClipSettings):
    """Settings that hold their model.

    Attributes:
        built: The model.
    """

    built: OpenClipBackbone | None = None

    def build(self) -> OpenClipBackbone:
        """The model itself."""
        assert self.built is not None
        return self.built
