"""PerturbedVideos: the test clips of a data set under computed perturbations, each at five severities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text


class PerturbedVideos(ListedVideoDataModule):
    """What a perturbed data set adds to its clean one; a subclass inherits from both."""

    for_testing_only = True

    def __init__(
        self,
        *,
        perturbation: str,
        severity: int,
        lists: Lists = Lists(),
        data_root: Path | str | None = None,
        clips: Clips = Clips(),
        split: Split = Split(),
        text: Text = Text(),
        loading: Loading = Loading(),
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            perturbation: The perturbation, as its folder is named.
            severity: 1 to 5, the name of the subfolder.
            lists: Published split files to use instead of the official ones.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which official split is used for testing.
            text: How classes are described to models.
            loading: How videos become batches.

        Raises:
            ValueError: The severity is out of range, or another number is.
        """
        super().__init__(lists=lists, data_root=data_root, clips=clips, split=split, text=text, loading=loading)
        if not 1 <= severity <= 5:
            raise ValueError(f"severity must be 1 to 5; got {severity}")
        self.perturbation = perturbation
        self.severity = severity
        self.videos_folder = f"{self.data_set}/videos/{perturbation}/{severity}"

    def describe(self) -> dict[str, Any]:
        """Adds the perturbation and its severity."""
        return {**super().describe(), "shift": f"{self.perturbation} {self.severity}"}
