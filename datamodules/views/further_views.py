"""Views: the base of further views of a test video, by which test-time prompt tuning adapts to it.

They are augmented (`augmented_views`), or at several rates (`multi_rate_views`).

A set of views is made in two steps. The data loader's worker decodes a video once for all views and cuts those that
need the decoded frames (`further_indices`, and `cut` or its halves, `shrink` and `arrange`); what can be made from the
test view alone is made on the model's device, for all videos of a batch at once (`finish`), so that it never passes
through a queue between processes. Whatever is random about a video is drawn from a seed of its own: neither order nor
batch nor process matters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.class_paths import class_path
from zsar.runtime.seeds import derive_seed


class Views(ABC):
    """The plain test view of a video and K further ones; below, S is the size of a frame in pixels."""

    @property
    @abstractmethod
    def weights(self) -> Tensor:
        """float32 [1 + K], for how many views the test view and each further one stand (see `ViewBatch`)."""

    @property
    @abstractmethod
    def n_cut(self) -> int:
        """How many of the K further views `cut` makes: all, or none."""

    def cut(self, frames: Tensor, test: Tensor, further: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Makes views from decoded frames.

        Args:
            frames: uint8 [N, 3, h, w], the distinct frames that were asked for, in order of time.
            test: int64 [T], rows of `frames`: the test view's.
            further: int64 [F, T], rows of `frames`: those of `further_indices`.
            transform: The size of a frame and how frames are resized.
            seed: The video's.

        Returns:
            uint8 [n_cut, T, 3, S, S].
        """
        return self.arrange(self.shrink(frames, transform, seed=seed), test, further, transform)

    @abstractmethod
    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """What the views need of some decoded frames: the first half of `cut`, of a few frames at a time.

        Args:
            frames: uint8 [n, 3, h, w].
            transform: As for `cut`.
            seed: The video's.

        Returns:
            uint8 [n, ...], each frame by itself.
        """

    @abstractmethod
    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Makes views from what `shrink` gave of all N distinct frames; for the others see `cut`."""

    def described(self) -> dict[str, Any]:
        """What a result says about the views: their class and its arguments, as in a configuration."""
        # The attributes of a set of views are its arguments.
        arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {"class_path": class_path(type(self)), "init_args": arguments}

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> Views:
        """The same views with everything decided that the data set decides.

        Args:
            name: The data set's, for messages.
            flip_keeps_label: Whether a mirrored clip still shows its class.

        Returns:
            Views that know whether to mirror.

        Raises:
            ValueError: Views would be mirrored that must not be, or all views would be alike.
        """
        return self

    def further_indices(self, n_available: int, n_frames: int, *, seed: int) -> Tensor:
        """Which frames are read beside those of the test view.

        Args:
            n_available: L, the frames of the video.
            n_frames: T, the frames of a view.
            seed: The video's.

        Returns:
            int64 [F, T], 0-based.
        """
        return torch.zeros(0, n_frames, dtype=torch.int64)

    def finish(self, batch: VideoBatch) -> VideoBatch:
        """Makes the views that are made on the device; its seconds are shared among the videos.

        Args:
            batch: With the views that were cut.

        Returns:
            A batch with all K views.
        """
        return batch


def generator_of_video(seed: int, purpose: str) -> torch.Generator:
    """The random numbers of a video for one purpose.

    A purpose has its own numbers: with and without mirroring the crops are the same.

    Args:
        seed: The video's.
        purpose: What is drawn, in a word.
    """
    return torch.Generator().manual_seed(derive_seed(seed, purpose))
