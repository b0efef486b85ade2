"""APCLIP: action-conditioned prompts and late interaction for open-vocabulary recognition (`papers/ap-clip.txt`).

CLIP fine-tuned like ViFi-CLIP, with many prompts per class (12 attributes of scene, actor and body,
several sentences each, after "a video of {action}") and the MAKA scorer, in which every frame of every view interacts
with every prompt (Eqs. 4 to 6), in training and inference. The prompts come from the data module: `text.descriptions`
names a file of action prompts, `text.lead` the template before each.

The paper does not say how all prompts of Kinetics-400 fit into memory. With gradient checkpointing they are embedded in
chunks and embedded again in the backward pass; `n_negative_classes` takes fewer of them.
"""

from __future__ import annotations

from zsar.lightning_modules.clip.clip import VIFI_CLIP, FineTunedCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.clip.tuned_parameters import LogitScale, Tune
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation, StructureTerm
from zsar.lightning_modules.training.optimization import Optimization


class APCLIP(FineTunedCLIP):
    """Fine-tuned CLIP whose frames interact with the prompts of each class."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("late_interaction", "embedding", "all"),
        tune: Tune = "both",
        logit_scale: LogitScale = "frozen_with_one_tower",
        mixing: Mixing = Mixing(),
        label_smoothing: float = 0.1,
        n_negative_classes: int | None = None,
        interpolated_regularization: InterpolatedRegularization | None = None,
        structure: StructureDistillation | None = None,
        tuned_share: float = 1.0,
        start_from: str | None = None,
        optimization: Optimization = VIFI_CLIP,
    ) -> None:
        """Builds the model; the default of `scoring` differs from `FineTunedCLIP`, and there may be a term of TACO's.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts: MAKA, or the mean-pooled cosine for the paper's ablation
                without it (Table 7).
            tune: Which towers are trained.
            logit_scale: Whether the factor of the cosines is trained only with both towers, or always.
            mixing: Mixup and CutMix of training videos.
            label_smoothing: Share of the target spread over all classes.
            n_negative_classes: In training, number of classes to score besides those of the batch; null for all.
                All prompts of these classes go through the text tower in each step; for the memory see FineTunedCLIP.
            interpolated_regularization: A second loss, at weights between the tuned and the original ones; null
                for none.
            structure: Distillation of relative structure from a moving average of the weights (TACO), of the mean frame
                and the mean prompt of each class, whatever the scorer; null for none.
            tuned_share: Share of the tuned weights at test time (WiSE-FT).
            start_from: A checkpoint whose weights initialize training; null for CLIP.
            optimization: Optimizer and schedule; the default is ViFi-CLIP's for 10 epochs on Kinetics-400.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built.
        """
        super().__init__(
            backbone=backbone,
            scoring=scoring,
            tune=tune,
            logit_scale=logit_scale,
            mixing=mixing,
            label_smoothing=label_smoothing,
            n_negative_classes=n_negative_classes,
            interpolated_regularization=interpolated_regularization,
            tuned_share=tuned_share,
            start_from=start_from,
            optimization=optimization,
        )
        if structure is not None and structure.weight > 0 and interpolated_regularization is not None:
            raise ValueError(
                "structure and interpolated_regularization both add a loss, and the teacher of the one would be moved "
                "by the weights of the other; give one of them (--model.structure null)"
            )
        self.structure_term = StructureTerm(structure)
