"""VideoTextModel: CLIP that compares video frames with class text. Frames and text -> embeddings -> logits.

A recognizer without training, testing and files; its subclass `ActionRecognizer` adds these.
"""

from __future__ import annotations

from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.residual_block import TextBlockForward
from zsar.lightning_modules.open_clip_towers.visual_tower import TowerCheck
from zsar.lightning_modules.recognition.class_embeddings import ClassEmbeddings
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring
from zsar.runtime.terminal import say_on_terminal


class VideoTextModel(LightningModule):
    """Embeds frames and class text, and compares them.

    Attributes:
        backbone: The CLIP model, frozen.
        scoring: How frames are compared with prompts.
        class_embeddings: Embeddings of class text, cached.
    """

    def __init__(self, *, backbone: ClipSettings, scoring: Scoring) -> None:
        """Builds the backbone, frozen.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts.
        """
        super().__init__()
        self.backbone = backbone.build()
        self.backbone.requires_grad_(False)
        self.scoring = scoring
        self._tower_check = TowerCheck()
        self.class_embeddings = ClassEmbeddings(
            self.backbone.tokenize,
            lambda tokens: self.embed_text(tokens),
            recomputes=self.backbone.gradient_checkpointing,
            on_many=_say_embedding,
        )

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds the frames of single views: normalized [B, T, 3, H, W] -> [B, T, D], not L2-normalized."""
        return self.backbone.encode_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Embeds prompts: int64 [N, L] -> [N, D], not L2-normalized."""
        return self.backbone.encode_text(tokens, self.text_block_forward)

    @property
    def text_block_forward(self) -> TextBlockForward | None:
        """How to run the blocks of the text tower; None for CLIP's default."""
        return None

    def forward(self, frames: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores videos against classes.

        Args:
            frames: uint8 [B, V, T, 3, H, W].
            class_embeddings: L2-normalized [C, P, D].

        Returns:
            Logits [B, C] in fp32; log-probabilities if several views or prompts are averaged.
        """
        return self.score(self.embed_views(frames), class_embeddings)

    def embed_views(self, frames: Tensor) -> Tensor:
        """Frame embeddings of all views: uint8 [B, V, T, 3, H, W] -> [B, V, T, D].

        Raises:
            ValueError: The frames have another layout, type or size.
        """
        if frames.ndim != 6:
            raise ValueError(
                f"frames must be uint8 RGB [B, V, T, 3, H, W]: videos, views, frames; got {list(frames.shape)}. One "
                "clip [T, 3, H, W] becomes clip[None, None]; zsar.classify takes videos and frames of any size"
            )
        return self._embed_normalized(self.backbone.normalize_frames(frames))

    def _embed_normalized(self, frames: Tensor) -> Tensor:
        return self.embed_frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def score(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Frame embeddings [B, V, T, D] and class embeddings [C, P, D] or [B, C, P, D] -> logits [B, C]."""
        return self.scoring.score(frame_embeddings, class_embeddings, self.backbone.logit_scale)

    def score_views(self, frame_embeddings: Tensor, class_embeddings: Tensor) -> Tensor:
        """Scores each view separately: [B, V, T, D] and [C, P, D] or [B, C, P, D] -> logits [B, V, C]."""
        return self.scoring.score_views(frame_embeddings, class_embeddings, self.backbone.logit_scale)

    def embed(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch and its class text."""
        classes = self.class_embeddings.cached(text.prompts, self.device)
        return EmbeddedBatch(self.frame_embeddings(batch), (classes,))

    def frame_embeddings(self, batch: VideoBatch) -> Tensor:
        """Frame embeddings of a batch, [B, V, T, D]: its stored ones, or computed from its frames.

        Raises:
            ValueError: Its stored embeddings are of another visual tower.
        """
        if batch.embeddings is None or batch.embedded_by is None:
            return self.embed_views(batch.frames)
        self._tower_check.check(self, batch.embedded_by)
        return batch.embeddings

    def score_embedded(self, embedded: EmbeddedBatch) -> Tensor:
        """Scores embedded videos: logits [B, C] in fp32."""
        return self.scoring.score_embedded(embedded, self.backbone.logit_scale)

    def train(self, mode: bool = True) -> VideoTextModel:
        """Sets training mode for the trained parts; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if not any(p.requires_grad for p in self.backbone.parameters()):
            self.backbone.eval()
        return self


@rank_zero_only
def _say_embedding(n_prompts: int) -> None:
    say_on_terminal(f"embedding class text: {n_prompts:,} prompts")
