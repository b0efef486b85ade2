"""Features of videos before the model's projection, one file per video, as `zsar extract` makes them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
        """Checks that the model has a projection, before which features are taken.

        Raises:
            BackboneError: It has none.
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
            backbone_hash=backbone.weights_hash,
            stride=str(self.stride),
            dtype=self.dtype,
        )

    def source_of(self, job: VideoJob) -> FeatureSource:
        """The source recorded in an existing file."""
        return read_source(job.destination)

    def begin(self, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone) -> VideoContent:
        """Begins a video."""
        return _Features(self, job, opened, backbone)


class _Features(VideoContent):
    """Features of a video so far; memory for all is allocated at once, in the stored type."""

    def __init__(
        self, settings: FeatureExtraction, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone
    ) -> None:
        self._settings, self._job, self._opened, self._backbone = settings, job, opened, backbone
        width = visual_projection(backbone).shape[0]
        self._features = torch.empty(len(opened.times_seconds), width, dtype=DTYPES[settings.dtype])
        self._n = 0

    def add(self, frames: Tensor) -> None:
        features = features_of_uint8(self._backbone, frames)
        self._features[self._n : self._n + len(frames)] = features.to(self._features.dtype).cpu()
        self._n += len(frames)

    def write(self) -> None:
        opened, settings = self._opened, self._settings
        source = FeatureSource(
            **asdict(frames_for(self._backbone, settings.geometry)),
            source_name=written_name(self._job.source.name),
            source_bytes=self._job.source.stat().st_size,
            n_frames=opened.n_video_frames,
            duration_seconds=opened.duration_seconds,
            fps=opened.n_video_frames / (opened.duration_seconds - opened.start_seconds),
            stride=str(settings.stride),
            architecture=settings.architecture,
            weights=settings.weights or "",
            backbone_hash=self._backbone.weights_hash,
            dtype=settings.dtype,
            source_hash=quick_hash(self._job.source),
            start_seconds=opened.start_seconds,
            n_damaged=self.n_damaged,
        )
        write_features(self._job.destination, self._features, opened.times_seconds, source)
