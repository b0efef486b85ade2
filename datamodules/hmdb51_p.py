"""HMDB51P: the test clips of HMDB-51 under 18 computed perturbations of 5 severities each (Schiappa et al. 2023).

    DATA_ROOT/hmdb51_p/videos/gaussian_noise/3/brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi
    DATA_ROOT/hmdb51/testTrainMulti_7030_splits/...

The folders in `videos` are perturbation and severity; the annotations are those of HMDB-51.

Source: "A Large-Scale Robustness Analysis of Video Action Recognition Models", CVPR 2023, whose code computes them from
HMDB-51. Licence and counts: those of HMDB-51's test splits. For testing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datamodules.hmdb51 import HMDB51
from datamodules.settings import Clips, Lists, Loading, Split, Text


class HMDB51P(HMDB51):
    """HMDB-51-P, one perturbation and severity at a time."""

    for_testing_only = True

    def __init__(
        self,
        *,
        perturbation: str,
        severity: int,
        lists: Lists = Lists(),  # noqa: B008 - frozen, as are the four below
        data_root: Path | str | None = None,
        clips: Clips = Clips(),  # noqa: B008
        split: Split = Split(),  # noqa: B008
        text: Text = Text(),  # noqa: B008
        loading: Loading = Loading(),  # noqa: B008
    ) -> None:
        """Describes the data.

        Args:
            perturbation: The perturbation, which is the name of its folder.
            severity: 1 to 5.
            lists: Published split files to use instead of the official ones.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which of the official splits is tested on.
            text: What models read of a class.
            loading: How videos become batches.

        Raises:
            ValueError: The severity is out of range, or another number is.
        """
        super().__init__(lists=lists, data_root=data_root, clips=clips, split=split, text=text, loading=loading)
        if not 1 <= severity <= 5:
            raise ValueError(f"severity must be 1 to 5; got {severity}")
        self.perturbation = perturbation
        self.severity = severity
        self.videos_folder = f"hmdb51_p/videos/{perturbation}/{severity}"

    def describe(self) -> dict[str, Any]:
        """Adds which perturbation it is."""
        return {**super().describe(), "shift": f"{self.perturbation} {self.severity}"}
