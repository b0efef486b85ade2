"""Features of videos before the model's projection, one file per video, as `zsar extract` makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from zsar.api.extraction.extraction import Extraction, VideoContent, VideoJob
from zsar.datamodules.video_files.streaming import VideoOpened
from zsar.lightning_modules.localization.stored.feature_files import (
    DTYPES,
    SUFFIX,
    FeatureSource,
    check_source,
    read_source,
    write_features,
)
from zsar.lightning_modules.localization.stored.frame_record import frames_for
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, visual_projection
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.files.file_identity import quick_hash
from zsar.runtime.shards.stored_videos import stored_size
from zsar.runtime.text.written_names import written_name


@dataclass(frozen=True, kw_only=True)
class FeatureExtraction(Extraction):
    """Settings of feature extraction.

    Attributes:
        dtype: "fp16" or "fp32", how features are stored; they are computed in fp32.
    """

    product: ClassVar[str] = "features"
    failure: ClassVar[str] = "not extracted"
    suffix: ClassVar[str] = SUFFIX

    dtype: str

    def check_model(self, backbone: OpenClipBackbone) -> None:
        """Checks that the model has features before a projection.

        Raises:
            BackboneError: Its visual tower is no ViT.
        """
        visual_projection(backbone)

    def check_finished(self, job: VideoJob, backbone: OpenClipBackbone) -> None:
        """Checks that a file was made with the same settings.

        Raises:
            FeatureFileError: It is damaged, or of other frames, another model, stride or type.
        """
        check_source(
            job.destination,
            read_source(job.destination),
            frames=frames_for(backbone, self.geometry),
            backbone_hash=self.model_hash(backbone),
            stride=str(self.stride),
            dtype=self.dtype,
        )

    def source_of(self, job: VideoJob) -> FeatureSource:
        """The source recorded in an existing file."""
        return read_source(job.destination)

    def begin(self, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone) -> VideoContent:
        """Begins a video."""
        return _FeatureFile(self, job, opened, backbone)

    def collected(self, backbone: OpenClipBackbone, n_frames: int) -> CollectedFeatures:
        """Begins to collect the features of a video.

        Args:
            backbone: The model.
            n_frames: N, the number of its frames that will be added.
        """
        width = visual_projection(backbone).shape[0]
        return CollectedFeatures(partial(features_of_uint8, backbone), n_frames, width, dtype=DTYPES[self.dtype])

    def model_hash(self, backbone: OpenClipBackbone) -> str:
        """The hash of the weights that features depend on, as `FeatureSource.backbone_hash`."""
        return backbone.weights_hash


class CollectedFeatures:
    """Features of a video so far; memory for all is allocated at once, in the stored type."""

    def __init__(self, encode: Callable[[Tensor], Tensor], n_frames: int, width: int, *, dtype: torch.dtype) -> None:
        """Starts without frames.

        Args:
            encode: Features float [n, W] of frames uint8 [n, 3, S, S].
            n_frames: N, the number of frames that will be added.
            width: W.
            dtype: The stored type.
        """
        self._encode = encode
        self._features = torch.empty(n_frames, width, dtype=dtype)
        self._n = 0

    def add(self, frames: Tensor) -> None:
        """Adds the next frames, uint8 [n, 3, S, S]."""
        features = self._encode(frames)
        self._features[self._n : self._n + len(frames)] = features.to(self._features.dtype).cpu()
        self._n += len(frames)

    def finished(self) -> Tensor:
        """The features of all frames, [N, W] on the CPU; call it after the last frame."""
        return self._features


class _FeatureFile(VideoContent):
    """The feature file of a video that is being read."""

    def __init__(
        self, settings: FeatureExtraction, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone
    ) -> None:
        self._settings, self._job, self._opened, self._backbone = settings, job, opened, backbone
        self._collected = settings.collected(backbone, len(opened.times_seconds))

    def add(self, frames: Tensor) -> None:
        self._collected.add(frames)

    def write(self) -> None:
        opened, settings = self._opened, self._settings
        source = FeatureSource(
            **asdict(frames_for(self._backbone, settings.geometry)),
            source_name=written_name(self._job.source.name),
            source_bytes=stored_size(self._job.source),
            n_frames=opened.n_video_frames,
            duration_seconds=opened.duration_seconds,
            fps=opened.n_video_frames / (opened.duration_seconds - opened.start_seconds),
            stride=str(settings.stride),
            architecture=settings.architecture,
            weights=settings.weights or "",
            backbone_hash=settings.model_hash(self._backbone),
            dtype=settings.dtype,
            source_hash=quick_hash(self._job.source),
            start_seconds=opened.start_seconds,
            n_damaged=self.n_damaged,
        )
        write_features(self._job.destination, self._collected.finished(), opened.times_seconds, source)
