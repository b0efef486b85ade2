"""Views: the base of further views of a test video, for test-time prompt tuning.

They are augmented (`augmented_views`), or at several rates (`multi_rate_views`).

Views are made in two steps. The data loader's worker decodes a video once for all views and cuts those that need the
decoded frames (`further_indices`, and `cut` or its halves, `shrink` and `arrange`). Views that can be made from the
test view are made on the model's device, for all videos of a batch at once (`finish`), so that they never pass through
a queue between processes. Each video has its own seed: its views do not depend on order, batch or process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.frame_sampling import Sampling
from zsar.datamodules.views.transforms import TestTransform
from zsar.runtime.class_paths import class_path
from zsar.runtime.seeds import derive_seed


class Views(ABC):
    """The plain test view of a video and K further ones; below, S is the size of a frame in pixels."""

    @property
    @abstractmethod
    def weights(self) -> Tensor:
        """float32 [1 + K], multiplicity of the test view and of each further view (see `ViewBatch`)."""

    @property
    @abstractmethod
    def n_cut(self) -> int:
        """Number of the K further views that `cut` makes: all or none."""

    def cut(self, frames: Tensor, test: Tensor, further: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """Makes views from decoded frames.

        Args:
            frames: uint8 [N, 3, h, w], the distinct frames needed, in order of time.
            test: int64 [T], rows of `frames` that form the test view.
            further: int64 [F, T'], rows of `frames` that correspond to `further_indices`.
            transform: Gives the frame size and the interpolation.
            seed: The video's seed.

        Returns:
            uint8 [n_cut, T', 3, S, S].
        """
        return self.arrange(self.shrink(frames, transform, seed=seed), test, further, transform)

    @abstractmethod
    def shrink(self, frames: Tensor, transform: TestTransform, *, seed: int) -> Tensor:
        """First half of `cut`, for a few frames at a time: reduces decoded frames to what the views need.

        Args:
            frames: uint8 [n, 3, h, w].
            transform: As for `cut`.
            seed: The video's seed.

        Returns:
            uint8 [n, ...], computed for each frame separately.
        """

    @abstractmethod
    def arrange(self, shrunk: Tensor, test: Tensor, further: Tensor, transform: TestTransform) -> Tensor:
        """Second half of `cut`: makes views from the results of `shrink` for all N frames; for the rest see `cut`."""

    def described(self) -> dict[str, Any]:
        """The views as results report them: class and arguments, as in a configuration."""
        # The attributes of a set of views are its arguments.
        arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {"class_path": class_path(type(self)), "init_args": arguments}

    def for_data_set(self, name: str, *, flip_keeps_label: bool) -> Views:
        """The same views with the settings that depend on the data set filled in.

        Args:
            name: Name of the data set, for messages.
            flip_keeps_label: Whether a mirrored clip still shows its class.

        Returns:
            Views with a definite `flip`.

        Raises:
            ValueError: Views would be mirrored although that may change the class, or all views would be identical.
        """
        return self

    def check_geometry(self, geometry: Geometry) -> None:
        """Checks that the views can be made of frames of a geometry.

        Args:
            geometry: How frames become square, "crop" or "squash".

        Raises:
            ValueError: They cannot.
        """
        return

    def refuse_strided(self, sampling: Sampling) -> None:
        """Refuses frames at a fixed distance in time where the views cannot have them.

        Args:
            sampling: That of the test view, one of `strided_sampling`.

        Raises:
            ValueError: The views are of segments of the video.
        """
        return

    def frames_per_view(self, n_frames: int) -> int:
        """Frames of a further view, for T of the test view; the same, unless a kind of views has its own number."""
        return n_frames

    def further_indices(self, n_available: int, n_frames: int, *, seed: int, sampling: Sampling = "t2l") -> Tensor:
        """Which frames are read in addition to those of the test view.

        Args:
            n_available: L, the frames of the video.
            n_frames: T, the frames of the test view.
            seed: The video's seed.
            sampling: Which frame is the middle of a segment, as in the test view.

        Returns:
            int64 [F, T'], 0-based, with T' from `frames_per_view`.
        """
        return torch.zeros(0, n_frames, dtype=torch.int64)

    def finish(self, batch: VideoBatch) -> VideoBatch:
        """Makes the views that are computed on the device; their time is divided among the videos.

        Args:
            batch: A batch with the views that were cut.

        Returns:
            A batch with all K views.
        """
        return batch


def generator_of_video(seed: int, purpose: str) -> torch.Generator:
    """The random numbers of a video for one purpose.

    Each purpose has its own random numbers: mirroring does not change the crops.

    Args:
        seed: The video's.
        purpose: What is drawn, in a word.
    """
    return torch.Generator().manual_seed(derive_seed(seed, purpose))
