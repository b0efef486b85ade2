"""ActivityNetUntrimmed: 200 activities in untrimmed videos (ActivityNet v1.3, Caba Heilbron et al. 2015).

    DATA_ROOT/activitynet/
        videos/v_---9CpRcKoU.mp4                          at any depth, in any container
        activity_net.v1-3.min.json                        the official annotations
    DATA_ROOT/t3al_splits/                                T3AL's class lists, if `split.lists` is t3al_splits
        train_50_test_50/ActivityNet/test/split_0.list ...
        train_75_test_25/ActivityNet/test/split_0.list ...

Source: http://activity-net.org/download.html; lists from https://github.com/benedettaliberatori/T3AL. Licence:
annotations MIT; the videos belong to their makers. Counts: training 10,024 videos (15,410 instances), validation 4,926
(7,654). T3AL's paper does not say which of the two it uses for the test classes; the default is validation, the usual
test set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from zsar.datamodules.choices.action_template import ACTION_TEMPLATE
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, read_activitynet_annotations
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule


class ActivityNetUntrimmed(UntrimmedVideoDataModule):
    """ActivityNet v1.3 for localization."""

    lists_name = "ActivityNet"

    def __init__(
        self,
        *,
        subsets: tuple[Literal["training", "validation"], ...] = ("validation",),
        data_root: Path | str | None = None,
        split: ClassSplit = ClassSplit(),
        text: Text = Text(templates=ACTION_TEMPLATE),
        needs_files: bool = True,
        loading: UntrimmedLoading = UntrimmedLoading(),
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            subsets: Official subsets to search for the test classes: "validation", "training" or both.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            split: Which classes are tested.
            text: How classes are described to models.
            needs_files: Whether every listed video file must exist; false if extracted features are read instead,
                whose reader then reports missing ones.
            loading: Which frames are used, what is read from files instead, and the batch size.

        Raises:
            ValueError: There is no subset, or one is named twice.
        """
        super().__init__(data_root=data_root, split=split, text=text, needs_files=needs_files, loading=loading)
        if not subsets or len(set(subsets)) != len(subsets):
            raise ValueError(f"subsets must name training, validation or both, each once; got {list(subsets)}")
        self.subsets = subsets

    def all_exact_names(self) -> tuple[str, ...]:
        """The 200 classes."""
        return exact_names("activitynet")

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """The videos of the subsets."""
        return read_activitynet_annotations(self.data_root / "activitynet" / "activity_net.v1-3.min.json", self.subsets)

    @property
    def videos_folder(self) -> Path:
        """DATA_ROOT/activitynet/videos."""
        return self.data_root / "activitynet" / "videos"

    def describe(self) -> dict[str, Any]:
        """Adds the tested subsets."""
        return {**super().describe(), "subsets": sorted(self.subsets)}
