"""KeptVideos: the videos of a first pass, kept for the second one, so that no frame is decoded or embedded twice."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from zsar.lightning_modules.localization.contract import UntrimmedFeatures


class KeptVideos:
    """Features in files of a temporary folder, as those of a test do not fit into memory; all else in memory."""

    def __init__(self) -> None:
        """Makes the folder, which is deleted by `close`, or with this object."""
        self._folder = tempfile.TemporaryDirectory(prefix="zsar_first_pass_")
        self._videos: dict[int, UntrimmedFeatures] = {}

    def keep(self, row: int, video: UntrimmedFeatures) -> None:
        """Stores a video.

        Args:
            row: Its row in the data module's `videos`.
            video: The video.

        Raises:
            OSError: The folder for temporary files is full.
        """
        # not whole: a temporary folder of this process, read and removed by it
        torch.save(video.features.cpu(), self._path(row))
        self._videos[row] = replace(video, features=video.features.new_empty(0))

    def get(self, row: int) -> UntrimmedFeatures | None:
        """A video as it was kept, bit for bit and on its device; None if it was not."""
        video = self._videos.get(row)
        if video is None:
            return None
        features = torch.load(self._path(row), weights_only=True)
        return replace(video, features=features.to(video.features.device))

    def close(self) -> None:
        """Deletes the files, and forgets the videos."""
        self._folder.cleanup()
        self._videos = {}

    def _path(self, row: int) -> Path:
        return Path(self._folder.name) / f"{row}.pt"
