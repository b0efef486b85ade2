"""UCF101DS: clips of UCF-101's actions under natural shifts, e.g. animation or unusual places (Schiappa et al. 2023).

    DATA_ROOT/ucf101_ds/
        videos/Apply_Eye_Makeup_african_0qAG2kFsaKQ-3-of-5.mp4      at any depth; the name begins with the class

Source: "A Large-Scale Robustness Analysis of Video Action Recognition Models", CVPR 2023. Licence: none stated; clips
from YouTube, for research. Counts: T2L's list (test_DS.txt) has 3,841 clips. The classes are UCF-101's. For testing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.lists.listing import Listing
from zsar.datamodules.lists.video_index import find_videos


class UCF101DS(UCF101):
    """UCF-101-DS."""

    videos_folder = "ucf101_ds/videos"
    n_folds = 1
    for_testing_only = True
    video_choices: ClassVar[tuple[str, ...]] = ("official",)

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """All videos of the folder; file names begin with the class.

        Raises:
            ValueError: A file name does not begin with a class.
        """
        listing = Listing()
        folder = self._index.folder
        for path in find_videos(folder):
            class_name = self.class_in_file_name(path.stem)
            if class_name is None:
                raise ValueError(f"{path}: the file name must begin with a class of UCF-101 (Apply_Eye_Makeup_...)")
            listing.add(path.relative_to(folder).as_posix(), class_name)
        return listing

    def class_in_file_name(self, name: str) -> str | None:
        """Apply_Eye_Makeup_african_0qAG2kFsaKQ-3-of-5 -> apply eye makeup, the longest match."""
        words = name.lower().split("_")
        heads = ("".join(words[:n]) for n in range(len(words), 0, -1))
        return next((self.class_of_joined_name[head] for head in heads if head in self.class_of_joined_name), None)

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Clips of T2L's list."""
        return {"test": 3841}
