"""The extractions that the options of `zsar extract` request."""

from __future__ import annotations

from zsar.api.extraction.caption_extraction import CaptionExtraction
from zsar.api.extraction.extraction import Extraction
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.extract.extract_options import (
    CAPTION_SECONDS,
    CaptionOptions,
    ExtractOptions,
)
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, check_can_generate
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE, default_weights
from zsar.runtime.processes.cpu_count import cpu_count


def requested_extractions(options: ExtractOptions) -> list[Extraction]:
    """The requested extractions: features, then captions if requested.

    Args:
        options: The command line, parsed.

    Raises:
        BackboneError: The packages for captions are not installed.
    """
    architecture = options.model.architecture or DEFAULT_ARCHITECTURE
    weights = options.model.weights or default_weights(architecture)
    seconds = options.stride.stride_seconds
    every = FrameStride(frames=options.stride.stride or 1)
    features = FeatureExtraction(
        architecture=architecture,
        weights=weights,
        stride=every if seconds is None else FrameStride(frames=None, seconds=seconds),
        geometry=options.geometry.geometry,
        batch_size=options.batch.batch_size,
        n_workers=_n_workers(options),
        on_damage=options.damage.on_damage,
        dtype=options.dtype,
        frame_statistics=options.statistics.frame_statistics,
    )
    asked = options.captions
    if not asked.captions:
        return [features]
    check_can_generate()
    captions = CaptionExtraction(
        architecture=features.architecture,
        weights=weights,
        stride=caption_stride(asked),
        geometry=features.geometry,
        batch_size=features.batch_size,
        n_workers=features.n_workers,
        on_damage=features.on_damage,
        frame_statistics=features.frame_statistics,
        captions=CaptionSettings(asked.caption_generation or CaptionSettings.generation),
    )
    return [features, captions]


def _n_workers(options: ExtractOptions) -> int:
    """Decoding processes per device."""
    given = options.workers.n_workers
    return max(1, cpu_count() // options.devices - 1) if given is None else given


def caption_stride(asked: CaptionOptions) -> FrameStride:
    """Which frames are captioned."""
    if asked.caption_stride is not None:
        return FrameStride(frames=asked.caption_stride)
    return FrameStride(frames=None, seconds=asked.caption_seconds or CAPTION_SECONDS)
