from typing import Any

import pytest

from zsar.callbacks.prompt_tuning.tunable_models import check_tunable
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring


def frozen(scoring: Scoring) -> ActionRecognizer:
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"), scoring=scoring)


def test_several_prompts_that_are_averaged_as_they_are_embedded_cannot_be_tuned() -> None:
    """Tuned prompts are L2-normalized, so that their mean is another; of one prompt there is no mean."""
    summed = frozen(Scoring("mean_pooled_cosine", "embedding_sum"))
    with pytest.raises(ValueError, match="embedding_sum averages the 28 prompts .*prompt_ensemble embedding, or tune"):
        check_tunable(summed, n_prompts=28)
    check_tunable(summed, n_prompts=1)
    check_tunable(frozen(Scoring("mean_pooled_cosine", "embedding")), n_prompts=28)


@pytest.mark.parametrize(("scale", "is_refused"), [("none", True), ("trained", False)])
def test_scores_need_their_scale(scale: Any, is_refused: bool) -> None:
    model = BIKE(backbone=TrainedClipSettings("tiny-clip", "random"), test_scale=scale)
    if is_refused:
        with pytest.raises(ValueError, match="test_scale is 'none'"):
            check_tunable(model, n_prompts=1)
    else:
        check_tunable(model, n_prompts=1)
