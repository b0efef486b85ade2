"""An answer of a test that is shown with its video: what is true, what was answered, and the best probabilities."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from zsar.callbacks.pictures.chosen_videos import NamedVideos
from zsar.callbacks.pictures.tested_videos import TestedSet

AnswerKind = Literal["wrong", "doubtful"]


@dataclass(frozen=True)
class ShownAnswer:
    """The answer for one video.

    Attributes:
        set_name: The set.
        kind: "wrong", or "doubtful": right with a low probability.
        place: Its place among those of its kind, from 0.
        video: Name of the video, as in predictions_SET.csv.
        path: Its file, relative to the data set.
        row: Its row in the set.
        true: Its class.
        answer: The predicted class.
        probability: Of the answer.
        true_probability: Of the true class.
        true_rank: Place of the true class among all, 1 for the most probable.
        best: The most probable classes with their probabilities, best first.
    """

    set_name: str
    kind: AnswerKind
    place: int
    video: str
    path: str
    row: int
    true: str
    answer: str
    probability: float
    true_probability: float
    true_rank: int
    best: tuple[tuple[str, float], ...]

    @property
    def in_words(self) -> str:
        """The answer in a line."""
        if self.kind == "wrong":
            return f"{self.true}, taken for {self.answer} with a probability of {self.probability:.3f}"
        return f"{self.true}, recognized with a probability of {self.probability:.3f}"

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON holds it."""
        best = [{"class": name, "probability": probability} for name, probability in self.best]
        content = {"set" if name == "set_name" else name: value for name, value in asdict(self).items()}
        return {**content, "best": best}


def shown_answer(
    tested: TestedSet, position: int, table: NamedVideos, *, kind: AnswerKind, place: int, k: int
) -> ShownAnswer:
    """The answer of a test for one video.

    Args:
        tested: The predictions of the set.
        position: Position of the video in `tested`.
        table: The videos of the set.
        kind: "wrong" or "doubtful".
        place: Its place among those of its kind, from 0.
        k: Number of most probable classes; all if there are fewer.
    """
    names, probabilities = tested.text.names, tested.probabilities[position]
    label, row = int(tested.labels[position]), int(tested.rows[position])
    best = probabilities.topk(min(k, len(names)))
    top = tuple((names[i], round(p, 6)) for i, p in zip(best.indices.tolist(), best.values.tolist(), strict=True))
    return ShownAnswer(
        set_name=tested.set_name,
        kind=kind,
        place=place,
        video=table.key(row),
        path=table.path(row),
        row=row,
        true=names[label],
        answer=names[int(tested.predictions[position])],
        probability=round(float(probabilities.max()), 6),
        true_probability=round(float(probabilities[label]), 6),
        true_rank=1 + int((probabilities > probabilities[label]).sum()),
        best=top,
    )
