from typing import Any

import pytest
import torch

from zsar.callbacks.pictures.frame_prompt_figure import draw_frame_prompt_scores
from zsar.callbacks.pictures.frame_prompt_scores import prompt_scores
from zsar.datamodules.batch import ClassText

TEXT = ClassText(
    "test",
    ("surf", "chess"),
    (("a wave", "a board"), ("a table", "a queen")),
    "test",
    prompt_groups=("Scene", "Body"),
    prompt_attributes=("location", "body_parts"),
)


def content(*, correct: bool) -> dict[str, Any]:
    """Ten frames, of which even ones match the first prompt and odd ones the second."""
    similarities = torch.tensor([[0.3, 0.1], [0.1, 0.4]]).repeat(5, 1)[None]
    of_class = [{"class": name, "probability": 0.5} for name in TEXT.names]
    scores = [{**of_class[i], **prompt_scores(similarities, TEXT, i, k=2)} for i in range(2)]
    true = scores[0] if correct else scores[1]
    return {
        "set": "test",
        "video": "v_1",
        "correct": correct,
        "scorer": "late_interaction",
        "groups": ["Scene", "Body"],
    } | {
        "n_views": 1,
        "n_frames_per_view": 10,
        "predicted": scores[0],
        "true": true,
    }


def words(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("correct", [True, False])
def test_eight_frames_are_shown_with_their_best_prompts_of_each_class_that_matters(correct: bool) -> None:
    figure = draw_frame_prompt_scores(content(correct=correct), torch.zeros(10, 3, 8, 8, dtype=torch.uint8))
    assert sum(len(axes.images) for axes in figure.axes) == 8
    shown = words(figure)
    assert "frame 1 of 10" in shown
    assert "frame 10 of 10" in shown
    assert "wave" in shown
    assert ("queen" in shown) == (not correct)
    assert "Scene" in shown
