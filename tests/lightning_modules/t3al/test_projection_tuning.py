from typing import Any

import pytest
import torch

from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, draw_selection

QUICK = ProjectionTuning(n_steps=6, n_selected=3, learning_rate=1e-2, patience_steps=3, window_frames=4)


def test_draws_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = draw_selection(QUICK, 5)
    torch.manual_seed(2)
    assert first.shape == (6, 3, 3)
    assert torch.equal(first, draw_selection(QUICK, 5))
    assert not torch.equal(first, draw_selection(QUICK, 6))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_steps": -1}, "n_steps must be at least 0; got -1"),
        ({"n_selected": 0}, "n_selected must be at least 1; got 0"),
        ({"patience_steps": 0}, "patience_steps must be at least 1; got 0"),
        ({"window_frames": 0}, "window_frames must be at least 1; got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0; got 0.0"),
        ({"visual_learning_rate": -1.0}, "visual_learning_rate must be above 0; got -1.0"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0; got -0.1"),
        ({"trained": "text", "visual_learning_rate": 1e-8}, "visual_learning_rate has no effect"),
        ({"trained": "text", "loss": "representation"}, "'text' learns nothing"),
        ({"early_stop": "none"}, "patience_steps is null for early_stop 'none', and a number otherwise; got 5"),
        ({"patience_steps": None}, "got None with early_stop 'no_fall'"),
        ({"similarity": "dot", "background": "pseudo_label"}, "set similarity: cosine, not 'dot'"),
        ({"similarity": "authors", "background": "pseudo_label"}, "set similarity: cosine, not 'authors'"),
        ({"similarity": "dot", "loss": "binary_cross_entropy"}, "saturates .* set similarity: cosine, not 'dot'"),
        ({"n_selected": 1, "loss": "representation"}, "needs pairs of frames, but n_selected is 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProjectionTuning(**wrong)
