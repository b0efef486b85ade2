"""A CLIP model that is built already, where settings of one are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


@dataclass(frozen=True)
class BuiltClip(TrainedClipSettings):
    """Settings that hold their model, so that several methods share it.

    Attributes:
        built: The model.
    """

    built: OpenClipBackbone = field(kw_only=True)

    def build(self) -> OpenClipBackbone:
        """The model itself."""
        return self.built

    def __deepcopy__(self, memory: dict[int, Any]) -> BuiltClip:
        """Itself: Lightning copies the settings of a model, but must not copy its weights."""
        return self
