"""The frame features that the options of `zsar localize` request."""

from __future__ import annotations

from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.localize.localize_options import STRIDE_SECONDS, LocalizeOptions
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.runtime.processes.cpu_count import cpu_count


def requested_features(options: LocalizeOptions) -> FeatureExtraction:
    """The feature extraction that the options request, as in `zsar extract`.

    Args:
        options: The command line, parsed.
    """
    asked = options.stride
    if asked.stride is not None:
        stride = FrameStride(frames=asked.stride)
    else:
        seconds = asked.stride_seconds
        stride = FrameStride(frames=None, seconds=STRIDE_SECONDS if seconds is None else seconds)
    architecture, n_workers = options.architecture, options.workers.n_workers
    return FeatureExtraction(
        architecture=architecture,
        weights=options.model.weights or default_weights(architecture),
        stride=stride,
        geometry=options.geometry.geometry,
        batch_size=options.batch.batch_size,
        n_workers=max(1, cpu_count() - 1) if n_workers is None else n_workers,
        on_damage=options.damage.on_damage,
        dtype="fp16",
    )
