"""T2L: efficient zero-shot action recognition with temporal token learning (`papers/t2l.txt`).

Frozen CLIP plus temporal tokens in the visual layers (TTL), adapters in both towers, and the temporal feature
diversity loss (TFD). 5.2 M trained parameters for ViT-B/16 and 8 frames. Each part can be left out, as in the
paper's ablations, and only some layers may have temporal tokens. Departures are noted in the parts' files; the
`in_batch` contrastive loss and `unbiased_diversity` follow the authors' code where it differs from the paper.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from torch import Tensor
from torch.nn import Parameter

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation, StructureTerm
from zsar.lightning_modules.recognition.structure.structured_recognizer import StructuredRecognizer
from zsar.lightning_modules.recognition.video_text_contrastive import all_classes_cross_entropy, in_batch_symmetric_kl
from zsar.lightning_modules.t2l.adapted_blocks import AdaptedTextBlocks, AdaptedVisualBlocks
from zsar.lightning_modules.t2l.author_checkpoints_t2l import read_t2l_checkpoint
from zsar.lightning_modules.t2l.temporal_feature_diversity import temporal_feature_diversity
from zsar.lightning_modules.t2l.temporal_tokens import TemporalTokens, TokenLayers, layers_with_tokens
from zsar.lightning_modules.training.optimization import Optimization
from zsar.lightning_modules.training.whole_batch import gathered
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, check_most


class T2L(StructuredRecognizer):
    """CLIP with temporal tokens and adapters."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("mean_pooled_cosine", "probability"),
        n_frames: int = 8,
        temporal_tokens: TokenLayers = "all",
        visual_adapters: bool = True,
        text_adapters: bool = True,
        contrastive_loss: Literal["all_classes", "in_batch"] = "all_classes",
        diversity_weight: float = 1.0,
        unbiased_diversity: bool = False,
        temporal_token_dropout: float = 0.1,
        temporal_token_std: float | None = None,
        temporal_token_learning_rate: float | None = None,
        interpolate_temporal_tokens: bool = False,
        drop_rate: float = 0.1,
        structure: StructureDistillation | None = None,
        optimization: Optimization = Optimization(),
    ) -> None:
        """Builds the model; the defaults are the paper's.

        Args:
            backbone: The CLIP model, with a ViT of open_clip's or timm's and a text transformer.
            scoring: How frames are compared with prompts; T2L compares the mean frame and averages probabilities.
            n_frames: T, frames per view; the paper uses 8 (4, 8, 16 and 32 are usual).
            temporal_tokens: Visual layers with temporal tokens (TTL; Table 7): "all", the "first", "none", or a list of
                layers, counted from 0.
            visual_adapters: Whether to learn adapters in the visual tower.
            text_adapters: Whether to learn adapters in the text tower.
            contrastive_loss: Cross-entropy over "all_classes" (paper, Eq. 1), or symmetric KL divergence with soft
                targets over the classes "in_batch" (authors' code).
            diversity_weight: Weight of TFD (lambda_2 of Eq. 12); 0 to leave it out.
            unbiased_diversity: Whether to divide the variance in TFD by T - 1, as in the authors' code.
            temporal_token_dropout: Dropout on the temporal tokens.
            temporal_token_std: Standard deviation of a normal initialization; null for the authors' uniform one.
            temporal_token_learning_rate: Peak learning rate of the temporal tokens; null for the default.
            interpolate_temporal_tokens: Whether to resample the tokens for clips of another length.
            drop_rate: Drop path and attention dropout in the last layer, rising linearly from 0 in the first.
            structure: Distillation of relative structure from a moving average of the trained weights (TACO), not in
                the paper; null for none.
            optimization: Optimizer and schedule.

        Raises:
            ValueError: There is nothing to train, or a value is out of range.
            BackboneError: The CLIP model cannot be built, or its towers have no blocks to adapt.
        """
        check_most(MOST_FRAMES_PER_VIEW, n_frames=n_frames)
        super().__init__(backbone=backbone, scoring=scoring, optimization=optimization)
        self.save_hyperparameters()
        blocks = self.backbone.visual_tower.blocks
        token_layers = layers_with_tokens(temporal_tokens, len(blocks))
        if not (token_layers or visual_adapters or text_adapters):
            raise ValueError("T2L without temporal tokens and adapters has nothing to train; use ZeroShotCLIP")
        if diversity_weight < 0:
            raise ValueError(f"diversity_weight must not be negative; got {diversity_weight}")
        if diversity_weight > 0 and not (token_layers or visual_adapters):
            raise ValueError("with only text adapters, TFD trains nothing; set diversity_weight to 0")
        self.structure_term = StructureTerm(structure)
        self.n_frames = n_frames
        self.contrastive_loss = contrastive_loss
        self.diversity_weight = diversity_weight
        self.unbiased_diversity = unbiased_diversity
        self.temporal_token_learning_rate = temporal_token_learning_rate
        width = blocks[0].width
        tokens = None
        if token_layers:
            tokens = TemporalTokens(
                token_layers,
                n_frames,
                width,
                dropout=temporal_token_dropout,
                standard_deviation=temporal_token_std,
                interpolate=interpolate_temporal_tokens,
            )
        self.visual_blocks = AdaptedVisualBlocks(
            len(blocks), width, temporal_tokens=tokens, adapters=visual_adapters, drop_rate=drop_rate
        )
        self.text_blocks: AdaptedTextBlocks | None = None
        if text_adapters:
            text_blocks = self.backbone.text.blocks
            self.text_blocks = AdaptedTextBlocks(len(text_blocks), text_blocks[0].width, drop_rate=drop_rate)

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds frames that interact through the temporal tokens: [B, T, 3, H, W] -> [B, T, D]."""
        blocks = partial(self.visual_blocks, n_frames=frames.shape[1])
        return self.backbone.encode_frames(frames.flatten(0, 1), blocks).unflatten(0, frames.shape[:2])

    @property
    def text_block_forward(self) -> TextBlockForward | None:
        """Runs text blocks with adapters, if there are any."""
        return self.text_blocks

    @property
    def text_is_trained(self) -> bool:
        """Whether the model has text adapters."""
        return self.text_blocks is not None

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Contrastive loss and TFD (Eq. 12), both over the whole batch of all processes."""
        logits, labels, frame_embeddings = gathered(logits), gathered(labels), gathered(frame_embeddings.float())
        contrast = all_classes_cross_entropy if self.contrastive_loss == "all_classes" else in_batch_symmetric_kl
        terms = {"contrastive": contrast(logits, labels)}
        if self.diversity_weight > 0:
            diversity = temporal_feature_diversity(frame_embeddings.flatten(0, 1), unbiased=self.unbiased_diversity)
            terms["temporal_feature_diversity"] = self.diversity_weight * diversity
        return terms

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """Temporal tokens with their own learning rate, and the adapters."""
        tokens = self.visual_blocks.temporal_tokens
        token_parameters = [] if tokens is None else list(tokens.parameters())
        ids = {id(p) for p in token_parameters}
        adapters = [p for p in self.parameters() if p.requires_grad and id(p) not in ids]
        return [(token_parameters, self.temporal_token_learning_rate), (adapters, None)]

    @classmethod
    def load_author_checkpoint(
        cls, path: Path | str, *, architecture: str | None = None, skips_objects: bool = False
    ) -> T2L:
        """Builds the model from a checkpoint released by the authors of T2L.

        Such a file includes CLIP's weights, so nothing is downloaded. `zsar convert` does the same and saves the model.

        Args:
            path: The authors' file, {epoch, model_state_dict, optimizer_state_dict}.
            architecture: The CLIP architecture; None to infer it from the shapes (ViT-B/32, B/16, L/14 of OpenAI).
            skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

        Returns:
            The model in evaluation mode.

        Raises:
            AuthorCheckpointError: The file is of another kind, or has missing or unknown tensors.
        """
        content = read_t2l_checkpoint(Path(path), architecture=architecture, skips_objects=skips_objects)
        model = cls(
            backbone=TrainedClipSettings(content.architecture, "random"),
            n_frames=content.n_frames,
            temporal_tokens=content.temporal_tokens,
        )
        model.backbone.clip.load_state_dict(content.clip, strict=True)
        incompatible = model.load_state_dict(content.trained, strict=False)
        assert not incompatible.unexpected_keys, incompatible.unexpected_keys
        return model.eval()
