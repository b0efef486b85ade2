"""BIKE (Wu et al. 2023): CLIP's towers, a video head over the frame embeddings, and video concept spotting.

The video branch of the paper, which alone takes part in its zero-shot tests. CLIP's text tower is frozen; the visual
tower, the logit scale and the head are trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor
from torch.nn import Parameter

from zsar.lightning_modules.bike.video_head import VideoHead
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.video_text_contrastive import in_batch_symmetric_kl
from zsar.lightning_modules.training.optimization import Optimization
from zsar.lightning_modules.training.whole_batch import gathered
from zsar.runtime.choices import check_choice

FrameSource = Literal["video_head", "visual_tower"]
_HEAD_WIDTH = 64  # of one attention head, in the text tower and the video head


class BIKE(ActionRecognizer):
    """CLIP with a video head."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("concept_spotting", "probability"),
        frame_source: FrameSource = "video_head",
        n_head_layers: int = 6,
        clip_learning_rate: float = 5e-6,
        optimization: Optimization = Optimization(betas=(0.9, 0.999), warmup_fraction=1 / 6),
    ) -> None:
        """Builds the model; the defaults are the authors'.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts: by concept spotting, as in training; the authors' tests
                without the head take "frame_voting".
            frame_source: Whose frame embeddings are compared: the "video_head"'s, or the "visual_tower"'s, without it.
            n_head_layers: Layers of the head; 0 for a model without one, which compares the tower's frames.
            clip_learning_rate: Peak learning rate of CLIP's weights; that of the head is the optimization's.
            optimization: Optimizer and schedule.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built, or its embeddings do not divide into the head's heads.
        """
        super().__init__(backbone=backbone, scoring=scoring, optimization=optimization)
        self.save_hyperparameters()
        check_choice(FrameSource, frame_source=frame_source)
        self.frame_source = frame_source
        self.clip_learning_rate = clip_learning_rate
        for name, parameter in self.backbone.clip.named_parameters():
            parameter.requires_grad_(name == "logit_scale" or name.startswith("visual."))
        width, n_heads = self.backbone.embedding_width, max(1, self.backbone.text.width // _HEAD_WIDTH)
        if width % n_heads:
            raise BackboneError(
                f"{backbone.architecture} has embeddings of {width} numbers, which do not divide into the {n_heads} "
                f"attention heads of BIKE's video head (its text tower's width / {_HEAD_WIDTH}); take another model"
            )
        self.video_head: VideoHead | None = None
        if n_head_layers:
            self.video_head = VideoHead(
                width, n_heads=n_heads, n_positions=self.backbone.text.context_length, n_layers=n_head_layers
            )

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds frames, which see each other in the head: normalized [B, T, 3, H, W] -> [B, T, D]."""
        of_tower = super().embed_frames(frames)
        if self.video_head is None or self.frame_source == "visual_tower":
            return of_tower
        return self.video_head(of_tower)

    @property
    def frame_choices(self) -> Mapping[str, str]:
        """Whose frame embeddings these are."""
        return {"frame_source": self.frame_source}

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Symmetric KL divergence over the whole batch of all processes."""
        return {"contrastive": in_batch_symmetric_kl(gathered(logits), gathered(labels))}

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """The head, and CLIP's weights with their own learning rate."""
        of_clip = [p for p in self.backbone.parameters() if p.requires_grad]
        of_head = [] if self.video_head is None else list(self.video_head.parameters())
        return [(of_head, None), (of_clip, self.clip_learning_rate)]
