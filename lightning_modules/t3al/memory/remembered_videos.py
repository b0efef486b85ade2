"""RememberedVideos: what the first of two passes over the videos of a test leaves for the second.

Every video is shown to the table of prototypes before one is localized. Features that are not in files are kept
meanwhile, so that no frame is decoded or embedded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from torch import Tensor

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.t3al.memory.candidates import Candidate
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.memory.kept_videos import KeptVideos
from zsar.lightning_modules.t3al.memory.prototype_tables import PrototypeTable, table_of
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import message_console, tracked


class RememberedVideos:
    """The tables of prototypes, and possibly the videos themselves; nothing for a T3AL without memory."""

    def __init__(self, settings: ClassPrototypes | None) -> None:
        """Starts without videos.

        Args:
            settings: Of the memory; None for none.
        """
        self._settings = settings
        self._tables: PrototypeTable | None = None
        self._kept: KeptVideos | None = None

    def first_pass(
        self,
        trainer: Any,  # noqa: ANN401 - Lightning's trainer, without which the mathematics stands
        read: Callable[[int], UntrimmedFeatures | None],
        candidates: Callable[[UntrimmedFeatures], Mapping[int, Candidate]],
    ) -> None:
        """Shows all videos of a run to the tables, those of other processes too; all of them must call this.

        Args:
            trainer: The trainer, in `on_test_start` or `on_predict_start`.
            read: Reads the video of a row; None for one that cannot be decoded, which the second pass reports.
            candidates: What a video shows, by set.
        """
        keeps = trainer.datamodule.features_folder is None
        tables = self.fill(_videos_of_run(trainer, read), candidates, keeps=keeps)
        for of_process in gather_from_all(tables, trainer):
            tables.merge(of_process)

    def fill(
        self,
        videos: Iterable[tuple[int, UntrimmedFeatures]],
        candidates: Callable[[UntrimmedFeatures], Mapping[int, Candidate]],
        *,
        keeps: bool = False,
    ) -> PrototypeTable:
        """Shows videos to empty tables.

        Args:
            videos: Rows and videos.
            candidates: What a video shows, by set.
            keeps: Whether videos are kept.

        Returns:
            The tables.

        Raises:
            ValueError: There is no memory.
        """
        if self._settings is None:
            raise ValueError("memory is None, so that there is nothing to fill; set it to ClassPrototypes()")
        self.close()
        self._tables = table_of(self._settings)
        self._kept = KeptVideos() if keeps else None
        for row, video in videos:
            self._tables.insert(video.id, candidates(video))
            if self._kept is not None:
                self._kept.keep(row, video)
        return self._tables

    def video(self, row: int) -> UntrimmedFeatures | None:
        """The kept video of a row; None if it was not kept."""
        return None if self._kept is None else self._kept.get(row)

    def table(self, index: int) -> int | None:
        """The table of a set, by its index; None without a memory, where sets share all scores of a label."""
        return None if self._settings is None else index

    def prototype(self, table: int | None, label: int, video: UntrimmedFeatures) -> Tensor | None:
        """The prototype that takes the place of a class's text in a video's scores.

        Args:
            table: From `table`.
            label: The class, as an index into the union.
            video: The video.

        Returns:
            A unit vector [D], like the features; None if the text stays: without a memory, or if no video shows the
            class.

        Raises:
            ValueError: No video was shown to the memory.
        """
        if table is None:
            return None
        if self._tables is None:
            raise ValueError("the memory is empty; show it all videos before one is localized: T3AL.remember")
        prototype = self._tables.prototype(table, label, video.id)
        return None if prototype is None else prototype.to(video.features)

    def counts(self) -> dict[int, dict[str, int]]:
        """See `PrototypeTable.counts`; empty without a memory or before it is filled."""
        return {} if self._tables is None else self._tables.counts()

    def close(self) -> None:
        """Deletes the kept videos; the tables stay."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _videos_of_run(
    trainer: Any,  # noqa: ANN401 - see above
    read: Callable[[int], UntrimmedFeatures | None],
) -> Iterator[tuple[int, UntrimmedFeatures]]:
    """The rows and videos that the run reads in this process, with a progress bar."""
    if trainer.predicting:
        loader, limits = trainer.predict_dataloaders, trainer.num_predict_batches
    else:
        loader, limits = trainer.test_dataloaders, trainer.num_test_batches
    rows = [row for batch in islice(loader, min(len(loader), limits[0])) for row in batch.tolist()]
    hidden = trainer.progress_bar_callback is None or not trainer.is_global_zero
    what = "first of two passes: filling the memory"
    for row in tracked(rows, what, console=message_console(), hidden=hidden):
        video = read(row)
        if video is not None:
            yield row, video
