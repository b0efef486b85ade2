"""ZeroShotCLIP: CLIP as it is, on videos. The baseline that every adapted model is measured against."""

from __future__ import annotations

from lightning_modules.optimization import Optimization
from lightning_modules.recognizer import ActionRecognizer, PromptEnsemble


class ZeroShotCLIP(ActionRecognizer):
    """Frozen CLIP: frames are embedded one by one, averaged, and compared with the class text."""

    def __init__(
        self,
        *,
        architecture: str = "ViT-B-16-quickgelu",
        weights: str | None = "openai",
        prompt_ensemble: PromptEnsemble = "embedding",
    ) -> None:
        """Builds the model.

        Args:
            architecture: An open_clip model name, an architecture shipped with zsar ("tiny-clip"), the path of an
                open_clip JSON config, "hf-hub:ORG/NAME" or "local-dir:PATH".
            weights: A tag of open_clip ("openai"), the path of a weights file, or "random"; null for "hf-hub:" and
                "local-dir:", which bring their own.
            prompt_ensemble: With several prompts per class, average their "embedding" (as CLIP does) or the
                "probability" that each prompt gives.
        """
        super().__init__(
            architecture=architecture,
            weights=weights,
            gradient_checkpointing=False,
            prompt_ensemble=prompt_ensemble,
            optimization=Optimization(),
        )
        self.save_hyperparameters()
