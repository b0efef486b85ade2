"""Captions of videos, one file per video, as `zsar extract --captions` makes them in addition to features."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from torch import Tensor

from zsar.api.extraction.extraction import Extraction, VideoContent, VideoJob
from zsar.datamodules.video_files.streaming import VideoOpened
from zsar.lightning_modules.localization.stored.caption_files import (
    SUFFIX,
    check_caption_source,
    read_captions,
    write_captions,
)
from zsar.lightning_modules.localization.stored.frame_record import frames_for
from zsar.lightning_modules.localization.stored.video_captions import CaptionSource, VideoCaptions
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, generate_captions
from zsar.runtime.files.file_identity import quick_hash
from zsar.runtime.shards.stored_videos import stored_size
from zsar.runtime.text.written_names import written_name


@dataclass(frozen=True, kw_only=True)
class CaptionExtraction(Extraction):
    """Settings of caption extraction.

    Attributes:
        captions: How they are generated.
    """

    product: ClassVar[str] = "captions"
    failure: ClassVar[str] = "not captioned"
    suffix: ClassVar[str] = SUFFIX

    captions: CaptionSettings

    @property
    def frames_at_once(self) -> int:
        """Frames per batch; each beam of a search needs the memory of a frame."""
        return max(1, self.batch_size // self.captions.n_beams)

    def check_model(self, backbone: OpenClipBackbone) -> None:
        """Checks that the model writes captions of the required length.

        Raises:
            BackboneError: It does not.
        """
        self.captions.n_tokens_of(backbone)

    def check_finished(self, job: VideoJob, backbone: OpenClipBackbone) -> None:
        """Checks that a file was made with the same settings.

        Raises:
            CaptionFileError: It is damaged, made elsewhere, or of other frames, another model, stride or setting.
        """
        check_caption_source(
            job.destination,
            read_captions(job.destination).source,
            frames=asdict(frames_for(backbone, self.geometry)),
            backbone_hash=backbone.weights_hash,
            stride=str(self.stride),
            generation=self.captions.generation,
            n_tokens=self.captions.n_tokens_of(backbone),
        )

    def source_of(self, job: VideoJob) -> CaptionSource | None:
        """The source recorded in an existing file."""
        return read_captions(job.destination).source

    def begin(self, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone) -> VideoContent:
        """Begins a video."""
        return _Captions(self, job, opened, backbone)


class _Captions(VideoContent):
    """Captions of a video so far."""

    def __init__(
        self, settings: CaptionExtraction, job: VideoJob, opened: VideoOpened, backbone: OpenClipBackbone
    ) -> None:
        self._settings, self._job, self._opened, self._backbone = settings, job, opened, backbone
        self._texts: list[str] = []

    def add(self, frames: Tensor) -> None:
        self._texts += generate_captions(self._backbone, frames, self._settings.captions)

    def write(self) -> None:
        settings = self._settings
        source = CaptionSource(
            **asdict(frames_for(self._backbone, settings.geometry)),
            source_name=written_name(self._job.source.name),
            source_bytes=stored_size(self._job.source),
            duration_seconds=self._opened.duration_seconds,
            stride=str(settings.stride),
            architecture=settings.architecture,
            weights=settings.weights or "",
            backbone_hash=self._backbone.weights_hash,
            generation=settings.captions.generation,
            n_tokens=settings.captions.n_tokens_of(self._backbone),
            source_hash=quick_hash(self._job.source),
            start_seconds=self._opened.start_seconds,
            n_damaged=self.n_damaged,
        )
        captions = VideoCaptions(self._opened.times_seconds, tuple(self._texts), source)
        write_captions(self._job.destination, captions)
