"""What a localizer takes for a minute of video: features of its frames, and the search for actions in them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import FRAMES_PER_SECOND
from zsar.lightning_modules.command_line.profile.measuring.steps import Steps, timed_steps
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, write_captions
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.runtime.run_seed import run_seed

MINUTE_SECONDS = 60.0
_NAME = "minute"
_SHARE_OF_NOISE = 0.1  # of the deviation of real features, by which the frames of the minute differ


@dataclass(frozen=True)
class LocalizerProfile:
    """What is measured of a localizer, and how; always in fp32, as its tests.

    Attributes:
        model: The model.
        module: The data set, for the stride of frames and for whether captions are stored.
        text: The classes.
        frames: uint8 [n, 3, S, S], the frames of a pass.
        device: Where it runs.
        repeats: Measured steps.
        memory: Measures the peaks.
    """

    model: ActionLocalizer
    module: UntrimmedVideoDataModule
    text: ClassText
    frames: Tensor
    device: torch.device
    repeats: int
    memory: PeakMemory

    @property
    def n_frames_of_minute(self) -> int:
        """How many frames of a minute of video are embedded, at 25 frames a second."""
        stride = self.module.stride
        if stride.seconds is not None:
            return max(1, round(MINUTE_SECONDS / stride.seconds))
        assert stride.frames is not None
        return max(1, round(MINUTE_SECONDS * FRAMES_PER_SECOND / stride.frames))

    def features(self) -> Steps:
        """uint8 frames on the device -> features."""
        model, frames = self.model.to(self.device), self.frames.to(self.device)
        return timed_steps(
            lambda: features_of_uint8(model.backbone, frames),
            device=self.device,
            repeats=self.repeats,
            memory=self.memory,
            n_videos=0,
            n_frames=len(frames),
        )

    def search(self) -> Steps:
        """Features of a minute -> actions, adaptation and captions included: `localize`.

        Raises:
            BackboneError: The model can generate no captions and none are stored.
            ValueError: A prompt is too long for the text tower.
        """
        self._check_as_a_test_does()
        with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
            stored = None if self.module.captions_folder is None else _stored_captions(Path(folder))
            video = replace(self._minute(), captions_folder=stored)
            return timed_steps(
                lambda: self._found(video),
                device=self.device,
                repeats=self.repeats,
                memory=self.memory,
                n_videos=1,
                n_frames=self.n_frames_of_minute,
            )

    def _found(self, video: UntrimmedFeatures) -> list[dict[int, Localization]]:
        """Both passes of a model with a memory; of others the only one."""
        if isinstance(self.model, T3AL) and self.model.memory is not None:
            self.model.remember([video], [self.text])
        return self.model.localize([video], [self.text], seed=run_seed())

    def _check_as_a_test_does(self) -> None:
        """Lets the model refuse, as its `setup` does, what it could not do on real videos."""
        source = SimpleNamespace(
            class_text=lambda stage: [self.text],
            captions_folder=self.module.captions_folder,
            tested_sets=(),
            open_frames=None,
        )
        model: Any = self.model
        model.trainer = SimpleNamespace(datamodule=source)
        try:
            model.setup("test")
        finally:
            model.trainer = None

    def _minute(self) -> UntrimmedFeatures:
        """The frames of a pass, again and again with a little noise; they show no action."""
        n = self.n_frames_of_minute
        embedded = features_of_uint8(self.model.to(self.device).backbone, self.frames).clone()
        repeated = embedded.repeat(-(-n // len(embedded)), 1)[:n]
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(repeated.shape, generator=generator).to(repeated)
        return UntrimmedFeatures(
            id=_NAME,
            features=repeated + _SHARE_OF_NOISE * embedded.std() * noise,
            times_seconds=torch.arange(n, dtype=torch.float64) * (MINUTE_SECONDS / n),
            duration_seconds=MINUTE_SECONDS,
            frames_at=self._frames_at,
        )

    def _frames_at(self, times_seconds: Sequence[float]) -> Tensor:
        rows = torch.arange(len(times_seconds)) % len(self.frames)
        return self.frames[rows]


def _stored_captions(folder: Path) -> Path:
    """A caption a second, all alike, where a test reads stored ones and generates none."""
    times = np.arange(MINUTE_SECONDS)
    texts = tuple(f"a man is standing in room number {second}" for second in range(len(times)))
    write_captions(folder / f"{_NAME}{SUFFIX}", VideoCaptions(times, texts))
    return folder


def minute_record(features: Steps | None, search: Steps | None, n_frames: int, decode: float | None) -> dict[str, Any]:
    """Seconds for a minute of video, of each part that was measured.

    Args:
        features: Passes of the frames' features.
        search: Searches in a minute.
        n_frames: Frames of a minute.
        decode: Seconds to decode a minute.
    """
    parts = {
        "features": None if features is None else n_frames / features.frames_per_second,
        "search": None if search is None else search.median_seconds,
        "decode": decode,
    }
    return {"n_frames": n_frames, **{name: float(f"{s:.4g}") for name, s in parts.items() if s is not None}}
