"""BIKE (Wu et al. 2023): CLIP's towers, a video head over the frame embeddings, and video concept spotting.

The video branch of the paper, which alone takes part in its zero-shot tests. CLIP's text tower is frozen; the visual
tower, the logit scale and the head are trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn import Parameter

from zsar.lightning_modules.bike.author_checkpoints_bike import read_bike_checkpoint
from zsar.lightning_modules.bike.video_head import HEAD_WIDTH, VideoHead
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.video_text_contrastive import in_batch_symmetric_kl
from zsar.lightning_modules.training.optimization import Optimization
from zsar.lightning_modules.training.whole_batch import gathered
from zsar.runtime.choices import check_choice
from zsar.runtime.number_limits import check_least

FrameSource = Literal["video_head", "visual_tower"]
TestScale = Literal["trained", "none"]

BIKE_TEMPLATE = "This is a video about {}"
"""The only prompt of the authors, without a full stop."""

BIKE_OPTIMIZATION = Optimization(
    learning_rate=5e-5, weight_decay=0.2, betas=(0.9, 0.999), warmup_fraction=1 / 6, final_fraction=0.0
)


class BIKE(ActionRecognizer):
    """CLIP with a video head."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("concept_spotting", "probability"),
        frame_source: FrameSource = "video_head",
        n_head_layers: int = 6,
        test_scale: TestScale = "trained",
        clip_learning_rate: float = 5e-6,
        optimization: Optimization = BIKE_OPTIMIZATION,
    ) -> None:
        """Builds the model; the defaults are the authors'.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts: by concept spotting, as in training; the authors' tests
                without the head take "frame_voting".
            frame_source: Whose frame embeddings are compared: the "video_head"'s, or the "visual_tower"'s, without it.
            n_head_layers: Layers of the head; 0 for a model without one, which compares the tower's frames.
            test_scale: The factor of the scores in tests: as "trained"; or "none", as in the authors' scripts, where
                probabilities are nearly uniform, so that the mean over views is nearly that of the scores. Training
                and the loss of prompt tuning always take the trained one.
            clip_learning_rate: Peak learning rate of CLIP's weights; that of the head is the optimization's.
            optimization: Optimizer and schedule; the default is the authors' for 30 epochs on Kinetics-400, 5 of them
                warm-up.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built, or its embeddings do not divide into the head's heads.
        """
        super().__init__(backbone=backbone, scoring=scoring, optimization=optimization)
        self.save_hyperparameters()
        check_choice(FrameSource, frame_source=frame_source)
        check_choice(TestScale, test_scale=test_scale)
        check_least(0, n_head_layers=n_head_layers)
        if test_scale == "none" and scoring.scorer == "frame_voting":
            raise ValueError("test_scale is 'none', but the votes of frames have a scale of their own; leave it out")
        if not clip_learning_rate > 0:
            raise ValueError(f"clip_learning_rate must be positive; got {clip_learning_rate}")
        self.frame_source = frame_source
        self.test_scale = test_scale
        self.clip_learning_rate = clip_learning_rate
        if self.backbone.logit_scale.device.type != "meta":  # there are no weights
            assert self.backbone.weights_hash  # caches the hash of the original weights before training
        for name, parameter in self.backbone.clip.named_parameters():
            parameter.requires_grad_(name == "logit_scale" or name.startswith("visual."))
        width, n_heads = self.backbone.embedding_width, max(1, self.backbone.text.width // HEAD_WIDTH)
        if width % n_heads:
            raise BackboneError(
                f"{backbone.architecture} has embeddings of {width} numbers, which do not divide into the {n_heads} "
                f"attention heads of BIKE's video head (its text tower's width / {HEAD_WIDTH}); take another model"
            )
        self.video_head: VideoHead | None = None
        if n_head_layers:
            self.video_head = VideoHead(
                width, n_heads=n_heads, n_positions=self.backbone.text.context_length, n_layers=n_head_layers
            )

    @property
    def frame_variant(self) -> str:
        """Tells frame embeddings of the tower from those of the head above it, which the same weights give."""
        return "without the head" if self.video_head is not None and self.frame_source == "visual_tower" else ""

    def embed_frames(self, frames: Tensor) -> Tensor:
        """Embeds frames, which see each other in the head: normalized [B, T, 3, H, W] -> [B, T, D]."""
        of_tower = super().embed_frames(frames)
        if self.video_head is None or self.frame_source == "visual_tower":
            return of_tower
        return self.video_head(of_tower)

    @property
    def score_scale(self) -> Tensor:
        """The trained factor of the scores; in tests that of `test_scale`."""
        trained = self.backbone.logit_scale
        return trained if self.training or self.test_scale == "trained" else torch.ones_like(trained)

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Symmetric KL divergence over the whole batch of all processes."""
        return {"contrastive": in_batch_symmetric_kl(gathered(logits), gathered(labels))}

    def parameter_groups(self) -> list[tuple[list[Parameter], float | None]]:
        """The head, and CLIP's weights with their own learning rate.

        Raises:
            ValueError: The settings are those of a test without the head.
        """
        if self.scoring.scorer == "frame_voting" or (self.video_head is not None and self.frame_source != "video_head"):
            raise ValueError(
                f"scoring.scorer is {self.scoring.scorer!r} and frame_source {self.frame_source!r}, which are for "
                "tests: they leave out the head or the logit scale, which training trains; give 'concept_spotting' "
                "and 'video_head'"
            )
        of_clip = [p for p in self.backbone.parameters() if p.requires_grad]
        of_head = [] if self.video_head is None else list(self.video_head.parameters())
        return [(of_head, None), (of_clip, self.clip_learning_rate)]

    @classmethod
    def load_author_checkpoint(
        cls, path: Path | str, *, architecture: str | None = None, skips_objects: bool = False
    ) -> BIKE:
        """Builds the model from a checkpoint released by the authors of BIKE.

        Such a file includes CLIP's weights, so nothing is downloaded. `zsar convert` does the same and saves the model.

        Args:
            path: The authors' file, {epoch, model_state_dict, fusion_model_state_dict, optimizer_state_dict}.
            architecture: The CLIP architecture; None to infer it from the shapes (ViT-B/32, B/16, L/14 of OpenAI).
            skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

        Returns:
            The model in evaluation mode, without a head where the file has none.

        Raises:
            AuthorCheckpointError: The file is of another kind, or has missing or unknown tensors.
        """
        content = read_bike_checkpoint(Path(path), architecture=architecture, skips_objects=skips_objects)
        model = cls(backbone=TrainedClipSettings(content.architecture, "random"), n_head_layers=content.n_head_layers)
        model.backbone.clip.load_state_dict(content.clip, strict=True)
        del model.backbone.weights_hash  # of the random weights
        assert model.backbone.weights_hash  # cached: the file's CLIP is that from which training would go on
        if model.video_head is not None:
            model.video_head.load_state_dict(content.head, strict=True)
        return model.eval()
