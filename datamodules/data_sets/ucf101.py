"""UCF101: 101 actions in 13,320 clips from YouTube (Soomro, Zamir and Shah 2012), with three official splits.

    DATA_ROOT/ucf101/
        UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi       UCF101.rar, unpacked
        ucfTrainTestlist/classInd.txt                             UCF101TrainTestSplits-RecognitionTask.zip, unpacked
        ucfTrainTestlist/trainlist01.txt testlist01.txt ...

Source: https://www.crcv.ucf.edu/data/UCF101.php. Licence: none stated; clips from YouTube, for research.
Counts: training 9,537 / 9,586 / 9,624, test 3,783 / 3,734 / 3,696 clips in the splits 1, 2, 3. Models that were trained
elsewhere are also tested on all 13,320 (`split.test_videos` "train_and_test").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_ucf101
from zsar.datamodules.lists.listing import Listing

_FILE_NAME = re.compile(r"v_([A-Za-z]+)_g\d+_c\d+")


class UCF101(ListedVideoDataModule):
    """UCF-101; `split.fold` chooses the official split."""

    vocabulary = "ucf101"
    videos_folder = "ucf101/UCF-101"
    n_folds = 3
    video_choices: ClassVar[tuple[str, ...]] = ("official", "train_and_test")

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """trainlist0x.txt or testlist0x.txt."""
        return read_ucf101(self.data_root / "ucf101" / "ucfTrainTestlist", subset, self.split.fold)

    def class_in_file_name(self, name: str) -> str | None:
        """v_HandStandPushups_g01_c01 -> handstand pushups; file names and class list differ in capitals."""
        match = _FILE_NAME.fullmatch(name)
        return self.class_of_joined_name.get(match[1].lower()) if match else None

    @cached_property
    def class_of_joined_name(self) -> Mapping[str, str]:
        """Name without spaces -> class, as in "applyeyemakeup" -> "apply eye makeup"."""
        return {name.replace(" ", ""): name for name in self.class_names}

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Clips of the chosen split."""
        fold = self.split.fold - 1
        n_train, n_test = (9537, 9586, 9624)[fold], (3783, 3734, 3696)[fold]
        return {"train": n_train, "test": n_test if self.split.test_videos == "official" else n_train + n_test}
