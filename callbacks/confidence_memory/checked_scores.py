"""What a memory can correct: models with one logit of each view and class, which is a cosine with one embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.multi_label.own_scores import refuse_multi_label
from zsar.lightning_modules.recognition.scorers.pooled_frames import WITH_ONE_VECTOR

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def check_scores(model: ActionRecognizer, texts: Sequence[ClassText]) -> None:
    """Checks that the scores of a model are what a memory corrects: a logit of each view and class, a class a video.

    Args:
        model: The model.
        texts: The classes of each set.

    Raises:
        ValueError: They are not; the message says by which settings they are.
    """
    refuse_multi_label(
        texts,
        needed_by="ConfidenceMemory",
        reason="it stores a video under the one class it is predicted as",
        remedy="leave out --adaptation",
    )
    scorer = model.scoring.scorer
    if scorer not in WITH_ONE_VECTOR:
        raise ValueError(
            f"a memory compares videos by one embedding and adds to logits that are cosines with it, but the scorer is "
            f"{scorer}; give --model.scoring.scorer mean_pooled_cosine (with several prompts a class also "
            "--model.scoring.prompt_ensemble embedding), or no memory"
        )
    n_prompts = max(text.prompts_per_class for text in texts)
    if n_prompts > 1 and model.scoring.prompt_ensemble != "embedding":
        raise ValueError(
            f"a memory adds to the logit of a class, but {n_prompts} prompts a class have one each, whose "
            "probabilities are averaged; give --model.scoring.prompt_ensemble embedding, or one prompt a class"
        )
    if getattr(model, "test_scale", "trained") != "trained":
        raise ValueError("test_scale is 'none', but entropies need scaled scores; give --model.test_scale trained")


def check_one_view(test: Tensor) -> None:
    """Checks that videos have one test view, which DMN stores.

    Args:
        test: Frame embeddings of the test views, [B, V, T, D].

    Raises:
        ValueError: They have several.
    """
    if test.shape[1] != 1:
        raise ValueError(
            f"DMN stores and scores the plain view of a video, but there are {test.shape[1]} test views; give "
            "--data.clips.n_test_clips 1 --data.clips.n_test_crops 1 (data.clips.views has further ones)"
        )
