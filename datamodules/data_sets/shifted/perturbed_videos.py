"""PerturbedVideos: the test clips of a data set under computed perturbations, each at five severities.

One condition, a perturbation at a severity, is the set "test". Several conditions are a test set each, beside the set
"clean" of the unperturbed videos, which relative robustness is measured by. They share one listing: each condition is
searched for the files of the listed videos, and nothing else is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from zsar.datamodules.data_sets.shifted.perturbations import conditions_of, listed_in_words, shift_of
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.video_index import VideoIndex
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text
from zsar.datamodules.trimmed_sets import Subset
from zsar.runtime.shards.stored_videos import is_stored_folder

CLEAN = "clean"


class PerturbedVideos(ListedVideoDataModule):
    """What a perturbed data set adds to its clean one; a subclass inherits from both.

    Attributes:
        conditions: What is tested on, in the order of the results.
    """

    for_testing_only = True
    video_choices: ClassVar[tuple[str, ...]] = ("official",)

    def __init__(
        self,
        *,
        perturbation: str = "all",
        severity: int | Literal["all"] = "all",
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
            perturbation: "all" for the 18 of `perturbations.py`, or one, as its folder is named.
            severity: "all" for the five, or 1 to 5, the name of the subfolder. With several conditions in all, the
                clean videos are tested too.
            lists: Published split files to use instead of the official ones.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which official split is used for testing. What it excludes is left out of all conditions.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: The severity is out of range, or another number is; or several conditions are to be split by
                classes.
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
        self.conditions = conditions_of(perturbation, severity)
        self.shift = shift_of(perturbation, severity)
        self._perturbed_folder = f"{self.data_set}/videos"
        if not self._has_several:
            self.videos_folder = f"{self._perturbed_folder}/{self.conditions[0].folder}"
        elif (split.protocol, split.classes) != ("all_classes", "all"):
            raise ValueError(
                f"split.protocol is {split.protocol} and split.classes {split.classes}, but {len(self.conditions)} "
                "conditions are tested on all classes; set them to all_classes and all, or choose one perturbation and "
                "severity"
            )

    @property
    def _has_several(self) -> bool:
        return len(self.conditions) > 1

    def set_classes(self, stage: str) -> dict[str, Sequence[str]]:
        """For testing, all classes in each condition and in the clean videos; of one condition as in its clean set."""
        if stage != "test" or not self._has_several:
            return super().set_classes(stage)
        names = (CLEAN, *(condition.set_name for condition in self.conditions))
        return dict.fromkeys(names, tuple(self.class_names))

    def list_sets(self, stage: str) -> dict[str, VideoTable]:
        """For testing, the listed videos in each condition.

        Raises:
            FileNotFoundError: There is no folder for some conditions; the message names all of them.
        """
        if stage != "test" or not self._has_several:
            return super().list_sets(stage)
        self._refuse_missing_folders()
        clean = self.without_excluded(self.list_videos("test"))
        return {CLEAN: clean, **{of.set_name: self._perturbed(clean, of.folder) for of in self.conditions}}

    def list_videos(self, subset: Subset) -> VideoTable:
        """The listed videos of one condition, or the clean ones where several are tested.

        Raises:
            ValueError: Several conditions are to be predicted on.
        """
        if subset == "predict" and self._has_several:
            raise ValueError(
                f"`zsar predict` writes one table, but {type(self).__name__} has {len(self.conditions)} conditions of "
                "the same videos; choose one by --data.perturbation and --data.severity"
            )
        return super().list_videos(subset)

    def _perturbed(self, clean: VideoTable, folder: str) -> VideoTable:
        """The same videos, labels and keys, with the files of a condition."""
        index = VideoIndex(self.data_root / self._perturbed_folder / folder)
        paths, found = index.locate([clean.path(i) for i in range(len(clean))])
        return VideoTable(index.folder, paths, clean.labels, keys=clean.all_keys(), found=found)

    def _refuse_missing_folders(self) -> None:
        root = self.data_root / self._perturbed_folder
        missing = [of for of in self.conditions if not is_stored_folder(root / of.folder)]
        if missing:
            raise FileNotFoundError(
                f"{len(missing)} of {len(self.conditions)} conditions have no folder {root}/PERTURBATION/SEVERITY: "
                f"{listed_in_words(missing)}; get or compute them, or test one by --data.perturbation and "
                "--data.severity"
            )

    def describe(self) -> dict[str, Any]:
        """Adds the shift in words and, of several conditions, what each set is."""
        described = {**super().describe(), "shift": self.shift}
        if self._has_several:
            described["conditions"] = {of.set_name: of.describe() for of in self.conditions}
        return described
