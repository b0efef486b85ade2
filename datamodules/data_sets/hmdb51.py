"""HMDB51: 51 actions in 6,766 clips from films and YouTube (Kuehne et al. 2011), with three official splits.

    DATA_ROOT/hmdb51/
        videos/brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi    hmdb51_org.rar, and the 51 archives in it
        testTrainMulti_7030_splits/brush_hair_test_split1.txt ...      test_train_splits.rar, unpacked

Source: https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database. Licence: CC BY 4.0.
Counts: training 3,570 (70 per class), test 1,530 (30 per class) clips in each split. About a quarter of the clips have
flag 0: the split uses them neither for training nor for testing. Models that were trained elsewhere are also tested on
the 5,100 of a split (`split.test_videos` "train_and_test") or on all 6,766 ("all").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal

from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_hmdb51
from zsar.datamodules.lists.listing import Listing

# After the class: visible body parts, camera motion, number of people, view, quality, number.
_FILE_NAME = re.compile(r"(.+)_[a-z]_(?:cm|nm)_np\d+_[a-z]{2}_[a-z]{3}_\d+")
_FLAG = {"train": 1, "test": 2}
_TESTED_FLAGS = {"official": (2,), "train_and_test": (1, 2), "all": (0, 1, 2)}


class HMDB51(ListedVideoDataModule):
    """HMDB-51; `split.fold` chooses the official split."""

    vocabulary = "hmdb51"
    videos_folder = "hmdb51/videos"
    n_folds = 3
    video_choices: ClassVar[tuple[str, ...]] = ("official", "train_and_test", "all")

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """The clips with flag 1 (training) or 2 (test)."""
        return self._flagged([_FLAG[subset]])

    def read_tested(self) -> Listing:
        """The clips with flag 2; with 1, too; or all."""
        return self._flagged(_TESTED_FLAGS[self.split.test_videos])

    def _flagged(self, flags: Sequence[int]) -> Listing:
        folder = self.data_root / "hmdb51" / "testTrainMulti_7030_splits"
        return read_hmdb51(folder, self.official_names(), flags, self.split.fold)

    def class_in_file_name(self, name: str) -> str | None:
        """Conan_gets_an_upgrade!_sword_exercise_u_cm_np1_ri_med_0 -> sword exercise."""
        match = _FILE_NAME.fullmatch(name)
        if match is None:
            return None
        ends = [exact for exact in self._suffixes if match[1].endswith(exact)]
        return self._suffixes[max(ends, key=len)] if ends else None

    @cached_property
    def _suffixes(self) -> Mapping[str, str]:
        """_brush_hair -> brush hair."""
        return {f"_{exact}": clean_name(exact) for exact in self.official_names()}

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Clips of every split."""
        return {"train": 3570, "test": {"official": 1530, "train_and_test": 5100, "all": 6766}[self.split.test_videos]}
