"""Which models' prompts can be tuned: a check before any video is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def check_tunable(model: ActionRecognizer, *, n_prompts: int) -> None:
    """Checks that the prompts of a model can be tuned.

    Args:
        model: The tested model.
        n_prompts: Prompts of each class that are tuned.

    Raises:
        ValueError: Its weights are not fp32; it tests without the scale of its scores; or it averages several prompts
            as they are embedded, where tuned ones are L2-normalized.
    """
    if getattr(model, "test_scale", "trained") != "trained":
        raise ValueError("test_scale is 'none', but entropies need scaled scores; give --model.test_scale trained")
    if model.backbone.logit_scale.dtype != torch.float32:
        raise ValueError(
            f"prompt tuning needs weights in fp32, but they are {str(model.backbone.logit_scale.dtype)[6:]}; give "
            "--trainer.precision 32-true, or bf16-mixed or 16-mixed, which keep them; in Python model.float()"
        )
    if model.scoring.sums_embeddings and n_prompts > 1:
        raise ValueError(
            f"prompt_ensemble embedding_sum averages the {n_prompts} prompts of a class as they are embedded, but "
            "tuned prompts are normalized one by one; give --model.scoring.prompt_ensemble embedding, or tune names "
            "alone"
        )
