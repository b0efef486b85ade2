"""ActivityNet v1.3: 200 activities of daily life in untrimmed videos (Caba Heilbron et al. 2015), used as trimmed.

    DATA_ROOT/activitynet/
        videos/v_---9CpRcKoU.mp4                          at any depth, in any container
        activity_net.v1-3.min.json

Source: http://activity-net.org/download.html. Licence: annotations MIT; the videos belong to their makers.
Counts: training 10,024 videos (15,410 instances), validation 4,926 (7,654), the usual test set. BIKE's authors test on
both, 14,950 videos (`split.test_videos` "train_and_test").
For localization in untrimmed videos, see `ActivityNetUntrimmed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_activitynet
from zsar.datamodules.lists.listing import Listing
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text


class ActivityNet(ListedVideoDataModule):
    """ActivityNet v1.3: whole videos, or instances cut from them."""

    vocabulary = "activitynet"
    videos_folder = "activitynet/videos"
    video_choices: ClassVar[tuple[str, ...]] = ("official", "train_and_test")

    def __init__(
        self,
        *,
        units: Literal["videos", "instances"] = "videos",
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
            units: What gets a label: whole "videos", by the class with the most annotated time, as in published
                zero-shot tests, or annotated "instances", cut at their start and end.
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
        self.units = units

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """Training or validation videos."""
        path = self.data_root / "activitynet" / "activity_net.v1-3.min.json"
        return read_activitynet(path, "training" if subset == "train" else "validation", self.units)

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Published numbers of videos or instances."""
        n_train, n_test = (10024, 4926) if self.units == "videos" else (15410, 7654)
        return {"train": n_train, "test": n_test if self.split.test_videos == "official" else n_train + n_test}

    def describe(self) -> dict[str, Any]:
        """Adds the units."""
        return {**super().describe(), "units": self.units}
