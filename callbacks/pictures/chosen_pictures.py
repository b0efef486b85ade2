"""ChosenPictures: the base of callbacks that draw some videos of each test set, one at a time, at the end of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.chosen_videos import VideoChoice, check_chosen, file_stem, read_clips
from zsar.callbacks.pictures.tested_videos import TestedPictures, TestedSet
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@dataclass(frozen=True)
class ChosenVideo:
    """A video to draw, read again.

    Attributes:
        tested: The predictions of its set.
        position: Its place in them.
        row: Its row in the set.
        key: Its name.
        path: Its file, relative to the data set.
        frames: As they were tested, uint8 [V, T, 3, H, W], on the CPU.
    """

    tested: TestedSet
    position: int
    row: int
    key: str
    path: str
    frames: Tensor

    @property
    def stem(self) -> str:
        """The name of its files."""
        return file_stem(self.row, self.key)

    @property
    def names(self) -> dict[str, Any]:
        """What its JSON file begins with."""
        return {"video": self.key, "path": self.path, "set": self.tested.set_name, "row": self.row}


class ChosenPictures(TestedPictures):
    """Chooses videos when a test has ended, reads them again, each in one process, and draws them: `draw`.

    Attributes:
        kind: The kind of its pictures.
        is_one_each: Whether a video has one picture, so that it can be said how many of the chosen have theirs.
    """

    kind: ClassVar[str]
    is_one_each: ClassVar[bool] = True

    def __init__(self, videos: VideoChoice) -> None:
        """Stores which videos of each set are drawn."""
        super().__init__()
        self.videos = videos

    def draw(self, trainer: Trainer, model: ActionRecognizer, video: ChosenVideo, written: WrittenPictures) -> None:
        """Draws a video.

        Args:
            trainer: The trainer, at the end of a test.
            model: The tested model.
            video: The video.
            written: Where its pictures go.
        """
        raise NotImplementedError

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the choice of videos.

        Raises:
            ValueError: The model is not an `ActionRecognizer`, or a chosen video or class is not in any of the sets.
        """
        super().on_test_start(trainer, pl_module)
        check_chosen(self.videos, trainer, pl_module)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the chosen videos, and reports which could not be shown."""
        assert isinstance(pl_module, ActionRecognizer)
        written, n_chosen, failed = WrittenPictures(self.kind, trainer), 0, []
        for name, tested in self.tested.gathered(trainer).items():
            table = trainer.datamodule.sets[name]  # type: ignore[attr-defined]
            chosen = self.videos.positions(tested, table)
            n_chosen += len(chosen)
            failed += [f"{name}: {table.key(int(tested.rows[i]))}" for i in chosen if tested.failed[i]]
            shown = [i for i in chosen if not tested.failed[i]]
            for position in shown[trainer.global_rank :: trainer.world_size]:
                row = int(tested.rows[position])
                batch = read_clips(trainer, tested.dataloader_idx, [row])
                if batch.failed[0]:
                    written.leave_out(f"{name}: {table.key(row)}")
                    continue
                video = ChosenVideo(tested, position, row, table.key(row), table.path(row), batch.frames[0])
                self.draw(trainer, pl_module, video, written)
        wanted = n_chosen + self.videos.n_untested(n_chosen)
        written.finish(of=wanted if self.is_one_each else None, undecodable=failed)
