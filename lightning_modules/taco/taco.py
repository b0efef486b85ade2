"""TACO (Zhu et al. 2026): fine-tuned CLIP that keeps a teacher's relative structure, and a projection that tests drop.

Both towers are tuned with cross-entropy on mean-pooled frames. A term of the loss draws the student's distributions
over the classes to those of a moving average of the weights, as random anchors see them (`recognition/structure`). Both
losses see video embeddings after a linear residual map, which is left out in evaluation mode: by tests, and by the
teacher. So a tested model is a fine-tuned CLIP with other weights.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import Parameter

from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.clip.original_weights import OriginalWeights
from zsar.lightning_modules.clip.tuned_parameters import LogitScale, Tune, mark_tuned
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation, StructureTerm
from zsar.lightning_modules.taco.specialization import Specialization
from zsar.lightning_modules.training.optimization import Optimization

TACO_OPTIMIZATION = Optimization(
    learning_rate=5e-5, weight_decay=0.2, betas=(0.9, 0.999), warmup_fraction=1 / 3, warmup_start_fraction=0.0
)


class TACO(FineTunedCLIP):
    """Fine-tuned CLIP with structure distillation and a projection that tests leave out."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("mean_pooled_cosine", "embedding_sum", "drawn", "logit_sum"),
        tune: Tune = "both",
        logit_scale: LogitScale = "trained",
        tunes_token_embedding: bool = True,
        structure: StructureDistillation | None = StructureDistillation(),
        specialization: bool = True,
        n_negative_classes: int | None = None,
        tuned_share: float = 1.0,
        start_from: str | None = None,
        clip_learning_rate: float = 3.75e-6,
        optimization: Optimization = TACO_OPTIMIZATION,
    ) -> None:
        """Builds the model; the defaults are the authors' for B/16.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts: the mean frame's cosine with the mean of all templates as
                they are embedded, and views by the sum of their logits.
            tune: Which towers are trained.
            logit_scale: Whether the factor of the cosines is trained only with both towers, or always.
            tunes_token_embedding: Whether the token embedding is trained with the text tower, which other fine-tuned
                models leave as it is; a text tower of the package transformers is always trained as a whole.
            structure: Distillation of relative structure from a moving average of the weights; null for none.
            specialization: Whether training has the projection; false for video embeddings as tests have them.
            n_negative_classes: In training, number of classes to score besides those of the batch; null for all. The
                teacher embeds the same ones.
            tuned_share: At test time, share of the tuned weights in an average with CLIP's.
            start_from: A checkpoint whose weights initialize training; null for CLIP.
            clip_learning_rate: Peak learning rate of CLIP's weights (the authors' 0.075 times that of the projection,
                which is 1.875e-6 for L/14).
            optimization: Optimizer and schedule, whose learning rate is the projection's; the default is the authors'
                for 15 epochs on Kinetics-400, 5 of them warm-up.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built.
        """
        super().__init__(
            backbone=backbone,
            scoring=scoring,
            tune=tune,
            logit_scale=logit_scale,
            mixing=Mixing(mixup_alpha=0.0, cutmix_alpha=0.0),
            label_smoothing=0.0,
            n_negative_classes=n_negative_classes,
            tuned_share=tuned_share,
            start_from=start_from,
            optimization=optimization,
        )
        if not clip_learning_rate > 0:
            raise ValueError(f"clip_learning_rate must be positive; got {clip_learning_rate}")
        self.clip_learning_rate = clip_learning_rate
        self.structure_term = StructureTerm(structure, left_out="specialization")
        mark_tuned(self.backbone.clip, tune, logit_scale, token_embedding=tunes_token_embedding)
        self._original = OriginalWeights(self, keeps=tuned_share < 1)
        self.specialization = Specialization(self.backbone.embedding_width) if specialization else None

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds the frames of single views, projected in training mode only: [B, T, 3, H, W] -> [B, T, D]."""
        of_tower = super().embed_frames(frames)
        if self.specialization is None or not self.training:
            return of_tower
        return self.specialization(of_tower)

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """The projection, and CLIP's weights with their own learning rate."""
        of_clip = [p for p in self.backbone.parameters() if p.requires_grad]
        projection = [] if self.specialization is None else list(self.specialization.parameters())
        return [(projection, None), (of_clip, self.clip_learning_rate)]
