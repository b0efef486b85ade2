"""UntrimmedSource: what a localizer needs from a data module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.frame_pixels import ResizeFilter

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule


class UntrimmedSource(Protocol):
    """Untrimmed videos and the sets of classes to look for; implemented by `UntrimmedVideoDataModule`."""

    videos: Sequence[Any]  # each with `id`
    tested_sets: Sequence[Any]  # each with `rows`
    stride: object
    geometry: str  # how frames become square
    features_folder: Path | None  # files written by `zsar extract`; None to decode and embed the videos in each run
    captions_folder: Path | None  # caption files; None for none
    on_damage: str  # "accept" to use damaged frames, else "raise"

    def class_text(self, stage: str) -> Sequence[ClassText]:
        """The classes of each set."""
        ...

    def ground_truth(self, rows: Sequence[int], tested_set: int = 0) -> Any:  # noqa: ANN401 - a NamedTuple of tensors
        """The instances of a set in these videos: rows, labels and seconds."""
        ...

    def open_frames(self, row: int, *, image_size: int, chunk_size: int, resize_filter: ResizeFilter) -> Any:  # noqa: ANN401 - a context manager
        """The frames of a video as a stream."""
        ...

    def frames_at(
        self, row: int, times_seconds: Sequence[float], *, image_size: int, resize_filter: ResizeFilter
    ) -> Tensor:
        """Frames of a video at the given times."""
        ...


def untrimmed_source(model: LightningModule) -> UntrimmedSource:
    """Returns the data module of a localizer's run.

    Raises:
        TypeError: It is not a data module of untrimmed videos.
    """
    source = getattr(model.trainer, "datamodule", None)
    if not all(hasattr(source, name) for name in ("tested_sets", "open_frames", "class_text")):
        raise TypeError(
            f"{type(model).__name__} needs a data module of untrimmed videos (UntrimmedVideoDataModule), such as "
            f"UntrimmedFiles; the trainer has {type(source).__name__}"
        )
    return cast(UntrimmedSource, source)
