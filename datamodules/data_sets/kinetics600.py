"""Kinetics600: 600 actions in 10-second clips from YouTube (Carreira et al. 2018); 220 of them are not in Kinetics-400.

    DATA_ROOT/kinetics600/
        train/... val/... test/...                    files are found by name, YOUTUBE-ID_START_END, as in Kinetics-400
        annotations/train.csv val.csv test.csv        label,youtube_id,time_start,time_end,split

Source: https://github.com/cvdfoundation/kinetics-dataset. Licence: annotations CC BY 4.0; the videos belong to their
makers. Counts: training 392,622, validation 30,000, test 60,000 as published; about 90 of 100 per class still exist.

Zero-shot tests of models trained on Kinetics-400 use the 220 new classes in one of two ways (`split.classes`):

- "drawn_160" (Chen and Huang 2021, "ER"): three draws of 160 classes, tested on the test set. The published draws come
  with ViFi-CLIP (`lists.test` ZS_split1_K600_eval.txt, `lists.classes` ZS_split1_K600.csv; 14,084 / 13,978 / 14,136
  clips). Without them, `split.fold` 1, 2 or 3 seeds a draw. Open-VCLIP's authors test the same classes on the
  validation set, 7,276 / 7,226 / 7,261 clips (`split.test_videos` "validation"; `lists.classes` alone gives the draw).
- "all_new" (T2L, A.4.1): one test on all 220 classes. The paper does not say on which clips; its authors' list has
  11,462, about 49 a class, as the validation set has, so it is the validation set. Their list has 232 classes: the 12
  that Kinetics-600 renames (`RENAMED`) are among them. It is used as it is with `lists.test`
  EZ-CLIP/dataset_splits/K-600/Zero_shot/test_600_exclusive.txt and `lists.classes`
  EZ-CLIP/lists/kinetics_600_labels_exclusive.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_kinetics
from zsar.datamodules.lists.listing import Listing
from zsar.datamodules.lists.splits import draw_classes
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text

# Kinetics-400's name for each class that Kinetics-600 only renames.
RENAMED: Mapping[str, str] = {
    "changing wheel (not on bike)": "changing wheel",
    "cooking sausages (not on barbeque)": "cooking sausages",
    "dyeing hair": "dying hair",
    "hugging (not baby)": "hugging",
    "inflating balloons": "balloon blowing",
    "making the bed": "making bed",
    "opening bottle (not wine)": "opening bottle",
    "passing american football (not in game)": "passing American football (not in game)",
    "person collecting garbage": "garbage collecting",
    "throwing ball (not baseball or American football)": "throwing ball",
    "tying necktie": "tying tie",
    "waking up": "baby waking up",
}
N_DRAWN = 160


def new_classes() -> tuple[str, ...]:
    """The 220 classes that are not in Kinetics-400, exact names, sorted."""
    known = set(exact_names("kinetics400"))
    return tuple(name for name in exact_names("kinetics600") if name not in known and name not in RENAMED)


class Kinetics600(ListedVideoDataModule):
    """Kinetics-600, whole or as a zero-shot test."""

    vocabulary = "kinetics600"
    videos_folder = "kinetics600"
    n_folds = 3
    class_choices: ClassVar[tuple[str, ...]] = ("all", "halves", "drawn_160", "all_new")
    video_choices: ClassVar[tuple[str, ...]] = ("official", "validation")

    def __init__(
        self,
        *,
        lists: Lists = Lists(),
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
        embeddings: Path | str | None = None,
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            lists: Published split files to use instead of random splits.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which classes and videos are used for training and for testing.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range, or a list is given without its label file.
        """
        super().__init__(
            lists=lists,
            data_root=data_root,
            clips=clips,
            split=split,
            text=text,
            loading=loading,
            embeddings=embeddings,
        )
        if split.classes != "drawn_160" and split.fold != 1 and lists.test is None:
            raise ValueError(
                f"split.fold is {split.fold}, but only draws of classes have folds: set split.classes to drawn_160"
            )
        if split.test_videos == "validation" and split.classes != "drawn_160":
            raise ValueError(
                f"split.test_videos is validation, but of split.classes {split.classes} validation videos are tested "
                "in any case; leave it out, or set split.classes to drawn_160"
            )

    def official_names(self) -> tuple[str, ...]:
        """All classes, the new ones, or those of a draw."""
        if self.split.classes == "drawn_160":
            return draw_classes(new_classes(), N_DRAWN, seed=self.split.fold)
        return new_classes() if self.split.classes == "all_new" else super().official_names()

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """train.csv; val.csv, or test.csv for a draw of classes unless its validation videos are asked for."""
        is_tested = self.split.classes == "drawn_160" and self.split.test_videos == "official"
        name = "train" if subset == "train" else "test" if is_tested else "val"
        return read_kinetics(self.data_root / "kinetics600" / "annotations" / f"{name}.csv", name)

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Published numbers of clips, for all classes."""
        return {"train": 392622, "test": 30000} if self.split.classes == "all" else {}
