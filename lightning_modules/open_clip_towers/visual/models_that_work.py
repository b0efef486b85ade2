"""The models that errors name when a visual tower is of a kind that zsar cannot run step by step."""

from __future__ import annotations

from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

MODELS_THAT_WORK = ("ViT-B-16-quickgelu", "ViT-B-16-SigLIP2", "PE-Core-B-16", "EVA02-B-16", "MobileCLIP2-B")
"""One architecture of each family of ViTs in open_clip; `test_models_that_work` builds them."""
TAKE_A_VIT = f"take a ViT such as {', '.join(MODELS_THAT_WORK[:-1])} or {MODELS_THAT_WORK[-1]}"


def no_known_tower(architecture: str, kind: str) -> BackboneError:
    """The error for a tower that cannot be run step by step.

    Args:
        architecture: The user's name of the model.
        kind: What its visual tower is, with an article.
    """
    return BackboneError(
        f"the visual tower of {architecture} is {kind}; T2L, T3AL, Open-VCLIP, frame features, attention maps and "
        f"gradient checkpointing work inside the tower: {TAKE_A_VIT}"
    )
