"""BIKE: CLIP with a video head and video concept spotting. See the README in this folder."""

from zsar.lightning_modules.bike.bike import BIKE

__all__ = ["BIKE"]
