"""UCF101O: the test clips of UCF-101 with computed occluders (Grover et al. 2023).

    DATA_ROOT/ucf101_o/videos/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi     at any depth
    DATA_ROOT/ucf101/ucfTrainTestlist/...                                     the annotations of UCF-101

Source: "Revealing the Unseen: Benchmarking Video Action Recognition under Occlusion", NeurIPS 2023,
https://shroglck.github.io/rev_unseen. Licence and counts: those of UCF-101's test splits. For testing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Clips, Lists, Loading, Split, Text


class UCF101O(UCF101):
    """UCF-101-O, all of it or one kind of occlusion."""

    for_testing_only = True
    video_choices: ClassVar[tuple[str, ...]] = ("official",)

    def __init__(
        self,
        *,
        occlusion: str | None = None,
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
            occlusion: The folder in `videos` to use; null if `videos` contains only one kind.
            lists: Published split files to use instead of the official ones.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video.
            split: Which official split is used for testing.
            text: How classes are described to models.
            loading: How videos become batches.
            embeddings: Folder that `zsar embed` wrote: its embeddings, of the same visual tower, are tested instead of
                decoded frames; null to decode. Training always decodes. Relative to the working directory.

        Raises:
            ValueError: A number is out of range.
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
        self.occlusion = occlusion
        self.videos_folder = f"ucf101_o/videos/{occlusion}" if occlusion else "ucf101_o/videos"

    def describe(self) -> dict[str, Any]:
        """Adds the occlusion."""
        return {**super().describe(), "shift": self.occlusion}
