from pathlib import Path

import torch

from zsar.api.adaptation.adaptation_files import read_adaptation
from zsar.api.given_classes import class_text_of
from zsar.api.prepared_answers import PreparedAnswers, prepare_answers
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

COLOURS = class_text_of(["red", "green", "blue"])
FRAMES = torch.zeros(4, 3, 40, 40, dtype=torch.uint8)


def prepared(model: ActionRecognizer, adaptation: str | None, *, clips: int = 1) -> PreparedAnswers:
    return prepare_answers(
        model,
        COLOURS,
        None if adaptation is None else read_adaptation(adaptation),
        frames=2,
        clips=clips,
        seed=0,
        threshold=0.0,
        batch_size=None,
        n_workers=0,
        on_damage="raise",
        precision="fp32",
    )


def test_videos_are_answered_in_order_by_the_clips_that_are_said(model: ActionRecognizer, tmp_path: Path) -> None:
    plain = prepared(model, None, clips=2)
    assert (plain.clips.n_frames, plain.clips.n_test_clips, plain.tuning) == (2, 2, None)
    first, second = plain.of([tmp_path / "none.mp4", FRAMES])
    assert (first.path, first.answer) == (str(tmp_path / "none.mp4"), None)
    assert (second.path, second.untuned, len(second.ranked)) == (None, None, 3)


def test_with_an_adaptation_an_answer_has_the_untuned_one(model: ActionRecognizer) -> None:
    tuned = prepared(model, "confident_views")
    assert tuned.tuning is not None
    assert tuned.clips is tuned.tuning.clips
    (answer,) = tuned.of([FRAMES])
    assert answer.untuned is not None
    assert tuned.tuning.totals.n == 1
