"""Mistakes: the most confident wrong answers of a test and its least confident right ones, with their videos."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.chosen_videos import Choice, VideoChoice, file_stem, read_clips
from zsar.callbacks.pictures.errors.mistakes.answer_sheet import N_FRAMES, Frames, draw_answers
from zsar.callbacks.pictures.errors.mistakes.shown_answers import AnswerKind, ShownAnswer, shown_answer
from zsar.callbacks.pictures.errors.mistakes.small_clips import small_frames, write_small_clip
from zsar.callbacks.pictures.errors.short_names import short_names
from zsar.callbacks.pictures.tested_videos import TestedPictures, TestedSet
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import VideoBatch
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.number_limits import check_least
from zsar.runtime.terminal import say

_KINDS: dict[AnswerKind, Choice] = {"wrong": "mistakes", "doubtful": "doubtful"}
_HEADINGS: dict[AnswerKind, str] = {
    "wrong": "the most confident wrong answers",
    "doubtful": "the least confident right answers",
}
_SHEET_PX = 150  # longer side of a frame on the sheet


class Mistakes(TestedPictures):
    """Writes `RUN_DIR/pictures/mistakes/SET/wrong` and `doubtful` (.png, .json) of each set in `zsar test`.

    `wrong` has the most confident wrong answers, `doubtful` the least confident right ones, each with frames of the
    video as the model saw them, its class, the answer and the best probabilities. Beside them each video has
    `wrong_PLACE_ROW_KEY.json` and a small clip, `.webp`. Videos are read again at the end of the test, each by one
    process. With stored embeddings there are no frames, and no clips. Undecodable videos have no answer and are left
    out.
    """

    def __init__(self, *, n: int = 8, k: int = 5) -> None:
        """Stores the settings.

        Args:
            n: Number of answers of each kind and set; all if there are fewer.
            k: Number of most probable classes to show.

        Raises:
            ValueError: A number is below 1.
        """
        super().__init__()
        check_least(1, n=n, k=k)
        self.n = n
        self.k = k
        self._has_frames = True

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets an earlier test.

        Raises:
            ValueError: The model is not an `ActionRecognizer`.
        """
        super().on_test_start(trainer, pl_module)
        self._has_frames = True

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Adds the predictions of a batch."""
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        self._has_frames = self._has_frames and batch.embeddings is None

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Chooses the videos, reads them again, and writes sheets, numbers and clips."""
        written = WrittenPictures("mistakes", trainer)
        has_frames = all(gather_from_all(self._has_frames, trainer))
        if not has_frames and trainer.is_global_zero:
            say("mistakes are shown without frames: the test reads stored embeddings (--data.embeddings)")
        for tested in self.tested.gathered(trainer).values():
            for kind in _KINDS:
                answers = self._chosen(trainer, tested, kind)
                frames = _write_answers(trainer, tested, answers, written, has_frames=has_frames)
                if trainer.is_global_zero:
                    n_listed = len(trainer.datamodule.sets[tested.set_name])  # type: ignore[attr-defined]
                    _write_sheet(tested, kind, answers, frames, written, n_listed=n_listed)
        written.finish()

    def _chosen(self, trainer: Trainer, tested: TestedSet, kind: AnswerKind) -> list[ShownAnswer]:
        table = trainer.datamodule.sets[tested.set_name]  # type: ignore[attr-defined]
        choice = VideoChoice(n=self.n, by=_KINDS[kind])
        return [
            shown_answer(tested, position, table, kind=kind, place=place, k=self.k)
            for place, position in enumerate(choice.positions(tested, table))
        ]


def _write_answers(
    trainer: Trainer, tested: TestedSet, answers: list[ShownAnswer], written: WrittenPictures, *, has_frames: bool
) -> dict[int, Frames]:
    """Writes numbers and clip of each answer, and returns small frames of all processes by place."""
    frames: dict[int, Frames] = {}
    for answer in answers[trainer.global_rank :: trainer.world_size]:
        stem = f"{answer.kind}_{answer.place:03d}_{file_stem(answer.row, answer.video)}"
        further = {}
        if has_frames and (clip := _first_view(read_clips(trainer, tested.dataloader_idx, [answer.row]))) is not None:
            frames[answer.place] = small_frames(clip, n=N_FRAMES, side_px=_SHEET_PX)
            further["clip"] = write_small_clip(clip, written.path(answer.set_name, stem, ".webp"))
        written.add(
            answer.set_name,
            stem,
            title=f"{answer.set_name}: {answer.video}",
            alt=f"{'Clip' if further else 'Answer'} of {answer.video}: {answer.in_words}.",
            numbers=answer.to_dict(),
            further=further,
        )
    return {place: f for of_process in gather_from_all(frames, trainer) for place, f in of_process.items()}


def _first_view(batch: VideoBatch) -> Tensor | None:
    """The frames of a video, uint8 [T, 3, H, W], in its first view; None if it can no longer be decoded."""
    return None if batch.failed[0] else batch.frames[0, 0]


def _write_sheet(
    tested: TestedSet,
    kind: AnswerKind,
    answers: list[ShownAnswer],
    frames: dict[int, Frames],
    written: WrittenPictures,
    *,
    n_listed: int,
) -> None:
    name, heading = tested.set_name, _HEADINGS[kind]
    is_right = tested.correct[tested.decoded]
    n_of_kind = int((is_right if kind == "doubtful" else ~is_right).sum())
    counted = f"{len(answers):,} of {n_of_kind:,}"
    if len(tested.rows) != n_listed:
        counted += f" (limited test, {n_listed:,} videos are listed)"
    if not answers:
        none = "every answer is right" if kind == "wrong" else "no answer is right"
        say(f"{heading} of {name}: there are none, as {none if len(is_right) else 'no video has an answer'}")
        return
    lead, short = short_names(tested.text.names)
    figure = draw_answers(
        answers,
        [frames.get(answer.place) for answer in answers],
        heading=f"{name}: {heading}, {counted}",
        lead=lead,
        short=dict(zip(tested.text.names, short, strict=True)),
    )
    written.add(
        name,
        kind,
        title=f"{name}: {heading}",
        alt=f"Frames and probabilities of {heading}, {counted}: {'; '.join(a.in_words for a in answers)}.",
        numbers={
            "set": name,
            "kind": kind,
            "n_of_kind": n_of_kind,
            "n": len(tested.rows),
            "n_listed": n_listed,
            "answers": [a.to_dict() for a in answers],
        },
        figure=figure,
    )
