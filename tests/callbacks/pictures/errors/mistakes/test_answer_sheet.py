from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from zsar.callbacks.pictures.errors.mistakes.answer_sheet import Frames, draw_answers
from zsar.callbacks.pictures.errors.mistakes.shown_answers import ShownAnswer

WRONG = ShownAnswer(
    "novel", "wrong", 0, "a.mp4", "a.mp4", 3, "swim", "$run$", 0.75, 0.2, 2, (("$run$", 0.75), ("swim", 0.2))
)
SHORT = {"swim": "swim", "$run$": "$run$"}
FRAMES = np.full((4, 60, 80, 3), 128, dtype=np.uint8)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def drawn(answers: list[ShownAnswer], frames: list[Frames | None], **settings: object) -> Figure:
    return draw_answers(answers, frames, **{"heading": "h", "lead": "", "short": SHORT, **settings})  # type: ignore[arg-type]


def test_a_wrong_answer_is_drawn_with_frames_class_and_probabilities() -> None:
    figure = drawn([WRONG], [FRAMES])
    assert {"swim", "answer: $run$", "75.0 %; true class 20.0 %, place 2", "a.mp4"} <= set(texts(figure))
    assert {"75.0 % $run$", "20.0 % swim"} <= set(texts(figure))
    assert [image.get_array().shape for image in figure.axes[0].images] == [(60, 80, 3)] * 4


def test_the_frames_keep_their_shape() -> None:
    for image in drawn([WRONG], [FRAMES]).axes[0].images:
        left, right, bottom, top = image.get_extent()
        assert (right - left) / (bottom - top) == pytest.approx(80 / 60)


def test_right_answers_name_one_class() -> None:
    figure = drawn([replace(WRONG, kind="doubtful", answer="swim", best=(("swim", 0.4),), probability=0.4)], [FRAMES])
    assert "recognized, 40.0 %" in texts(figure)
    assert not any(text.startswith("answer:") for text in texts(figure))


def test_without_frames_the_page_is_narrower_and_a_video_that_is_gone_is_said_so() -> None:
    alone = drawn([WRONG, WRONG], [None, None])
    both = drawn([WRONG, WRONG], [FRAMES, None])
    assert alone.get_size_inches()[0] < both.get_size_inches()[0] - 3
    assert "no frames: it could not be decoded again" in texts(both)
    assert "no frames: it could not be decoded again" not in texts(alone)


def test_long_names_and_what_all_begin_with_fit_the_page() -> None:
    name = "n" * 300
    answer = replace(WRONG, true=name, answer=name, video=name, best=((name, 0.5),))
    figure = drawn([answer], [FRAMES], lead="a photo of a", short={name: name})
    figure.draw_without_rendering()
    page = figure.bbox
    for text in figure.findobj(Text):
        assert text.get_window_extent().x1 <= page.x1 + 1
    assert any("each name begins with “a photo of a”" in text for text in texts(figure))
