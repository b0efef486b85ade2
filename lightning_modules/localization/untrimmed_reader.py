"""UntrimmedReader: a video's features, from its feature file or from its frames."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from zsar.lightning_modules.localization.contract import Truth, UntrimmedFeatures
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, finite_features, read_features
from zsar.lightning_modules.localization.stored.frame_record import frames_for
from zsar.lightning_modules.localization.stored.stored_files import file_of_video
from zsar.lightning_modules.localization.stored.stored_sources import check_stored_captions, check_stored_features
from zsar.lightning_modules.localization.untrimmed_source import UntrimmedSource
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, visual_projection
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

_FRAMES_AT_ONCE = 64


class UntrimmedReader:
    """Reads videos for a model."""

    def __init__(self, source: UntrimmedSource, backbone: OpenClipBackbone, *, device: torch.device) -> None:
        """Stores the arguments; reads nothing yet.

        Args:
            source: Where the videos are, and possibly stored features and captions.
            backbone: The CLIP model of the features.
            device: Device of the returned features.
        """
        self._source = source
        self._backbone = backbone
        self._device = device

    def check_stored(self) -> None:
        """Checks the stored files of all videos.

        Raises:
            FileNotFoundError: Features of a video are missing.
            FeatureFileError, CaptionFileError: A file is damaged, or does not match model, settings or video.
        """
        source = self._source
        if source.features_folder is not None:
            check_stored_features(
                source.features_folder,
                source.videos,
                frames=frames_for(self._backbone, source.geometry),
                backbone_hash=self._backbone.weights_hash,
                stride=str(source.stride),
                on_damage=source.on_damage,
            )
        if source.captions_folder is not None:
            check_stored_captions(
                source.captions_folder, source.videos, geometry=source.geometry, on_damage=source.on_damage
            )

    def read(self, row: int) -> UntrimmedFeatures:
        """Reads a video.

        Args:
            row: Its row in the source's `videos`.

        Raises:
            VideoDecodeError: The video cannot be decoded.
            FeatureFileError: Its stored features cannot be used.
        """
        source = self._source
        sets = tuple(index for index, tested in enumerate(source.tested_sets) if row in tested.rows)
        truths = {index: source.ground_truth([row], index) for index in sets}
        size, resize_filter = self._backbone.image_size[0], self._backbone.resize_filter
        name = str(source.videos[row].id)
        stored = source.features_folder
        read = self._features(row) if stored is None else self._stored_features(stored, name)
        features, times, duration, n_damaged = read
        return UntrimmedFeatures(
            id=name,
            features=features.to(self._device, torch.float32),
            times_seconds=times,
            duration_seconds=duration,
            sets=sets,
            truths={index: Truth(truth.labels, truth.seconds) for index, truth in truths.items()},
            frames_at=lambda times_seconds: source.frames_at(
                row, times_seconds, image_size=size, resize_filter=resize_filter
            ),
            captions_folder=source.captions_folder,
            n_damaged=n_damaged,
        )

    def _stored_features(self, folder: Path, video: str) -> tuple[Tensor, Tensor, float, int]:
        path = file_of_video(folder, video, SUFFIX)
        stored = read_features(
            path,
            frames=frames_for(self._backbone, self._source.geometry),
            backbone_hash=self._backbone.weights_hash,
            stride=str(self._source.stride),
            width=visual_projection(self._backbone).shape[0],
        )
        made_of = stored.source
        times = torch.from_numpy(stored.times_seconds)
        return finite_features(path, stored), times, made_of.duration_seconds, made_of.n_damaged

    def _features(self, row: int) -> tuple[Tensor, Tensor, float, int]:
        size, resize_filter = self._backbone.image_size[0], self._backbone.resize_filter
        opened = self._source.open_frames(row, image_size=size, chunk_size=_FRAMES_AT_ONCE, resize_filter=resize_filter)
        with opened as stream:
            features = torch.cat([features_of_uint8(self._backbone, frames) for frames, _ in stream.chunks()])
            return features, torch.from_numpy(stream.times_seconds), float(stream.duration_seconds), stream.n_damaged
