"""A data set that is a list of names: splits and text need no files."""

from collections.abc import Sequence

from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.trimmed_sets import Subset
from zsar.datamodules.video import TrimmedVideoDataModule

NAMES = ("archery", "bowling", "cricket", "diving")
COUNTS = {"train": 6, "test": 2, "predict": 3}


class Listed(TrimmedVideoDataModule):
    """Four classes, with a few names each."""

    @property
    def class_names(self) -> Sequence[str]:
        return NAMES

    def list_videos(self, subset: Subset) -> VideoTable:
        rows = [(f"{subset}/{name}/{i}.mp4", label) for label, name in enumerate(NAMES) for i in range(COUNTS[subset])]
        return VideoTable(self.data_root, [key for key, _ in rows], [label for _, label in rows])


def set_up(**arguments: object) -> Listed:
    """The data set, set up for training and testing; arguments are the data module's own."""
    module = Listed(data_root="/data", **arguments)  # type: ignore[arg-type]
    for stage in ("fit", "test"):
        module.setup(stage)
    return module
