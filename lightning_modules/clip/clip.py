"""CLIP on videos: frozen (ZeroShotCLIP), the baseline of every adapted model, and fine-tuned (FineTunedCLIP).

FineTunedCLIP is ViFi-CLIP (Rasheed et al. 2023): both towers are tuned, frames are embedded one by one, and their mean
is compared with the class text. Beyond the paper: a choice of scorer, sampled negative classes, and weights between
original and tuned ones at test time (WiSE-FT, Wortsman et al. 2022) and in training (Open-VCLIP, Weng et al. 2023).
"""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch
from zsar.lightning_modules.clip.author_checkpoints_vifi_clip import read_vifi_clip_checkpoint
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.clip.original_weights import OriginalWeights
from zsar.lightning_modules.clip.tuned_parameters import LogitScale, Tune, mark_tuned
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.structure.structured_recognizer import StructuredRecognizer
from zsar.lightning_modules.recognition.video_text_contrastive import all_classes_cross_entropy
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.checkpoints import start_from_checkpoint
from zsar.lightning_modules.training.optimization import Optimization
from zsar.runtime.choices import check_choice

VIFI_CLIP = Optimization(
    learning_rate=8e-6, weight_decay=0.001, warmup_fraction=0.5, final_fraction=0.01, cosine_from="start"
)
_LOGIT_SCALE = "backbone.clip.logit_scale"


class ZeroShotCLIP(ActionRecognizer):
    """Frozen CLIP: frames are embedded one by one, averaged, and compared with the class text."""

    is_trained = False

    def __init__(
        self,
        *,
        backbone: ClipSettings = ClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("mean_pooled_cosine", "embedding"),
    ) -> None:
        """Builds the model, frozen.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts.

        Raises:
            BackboneError: The CLIP model cannot be built.
        """
        super().__init__(backbone=backbone, scoring=scoring, optimization=Optimization())
        self.save_hyperparameters()


class FineTunedCLIP(StructuredRecognizer):
    """CLIP with one or both towers fine-tuned."""

    def __init__(
        self,
        *,
        backbone: TrainedClipSettings = TrainedClipSettings("ViT-B-16-quickgelu", "openai"),
        scoring: Scoring = Scoring("mean_pooled_cosine", "probability"),
        tune: Tune = "both",
        logit_scale: LogitScale = "frozen_with_one_tower",
        mixing: Mixing = Mixing(),
        label_smoothing: float = 0.1,
        n_negative_classes: int | None = None,
        interpolated_regularization: InterpolatedRegularization | None = None,
        tuned_share: float = 1.0,
        start_from: str | None = None,
        optimization: Optimization = VIFI_CLIP,
    ) -> None:
        """Builds the model; all that is not tuned is frozen.

        Args:
            backbone: The CLIP model.
            scoring: How frames are compared with prompts; ViFi-CLIP compares the mean frame.
            tune: Which towers are trained, without the token embedding.
            logit_scale: Whether the factor of the cosines is trained only with both towers, and
                "frozen_with_one_tower" (ViFi-CLIP's code), or always "trained".
            mixing: Mixup and CutMix of training videos.
            label_smoothing: Share of the target spread over all classes.
            n_negative_classes: In training, number of classes to score besides those of the batch, redrawn in each
                step; null for all. With trained text, memory grows with the number of prompts: 38 MB for each prompt
                of 77 tokens in fp32 with a B/16 text tower; with gradient checkpointing 2 MB, of 512 at a time.
            interpolated_regularization: A second loss in training, at weights between the tuned and the original ones
                (Open-VCLIP); null for none. It doubles the time of a step.
            tuned_share: At test time, share of the tuned weights in an average with the original ones (alpha of
                WiSE-FT): 1 for the tuned model, 0 for plain CLIP.
            start_from: A checkpoint of another training, e.g. on Kinetics-400, whose weights initialize this one; null
                to start from CLIP. Testing does not read it.
            optimization: Optimizer and schedule; the default is ViFi-CLIP's for 10 epochs on Kinetics-400.

        Raises:
            ValueError: A value is out of range.
            BackboneError: The CLIP model cannot be built.
        """
        super().__init__(backbone=backbone, scoring=scoring, optimization=optimization)
        self.save_hyperparameters(*signature(type(self)).parameters)  # a subclass may fix some of the settings
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be at least 0 and below 1; got {label_smoothing}")
        if not 0 <= tuned_share <= 1:
            raise ValueError(f"tuned_share is a share from 0 to 1; got {tuned_share}")
        if n_negative_classes is not None and n_negative_classes < 1:
            raise ValueError(f"n_negative_classes must be at least 1, or null for all; got {n_negative_classes}")
        check_choice(Tune, tune=tune)
        check_choice(LogitScale, logit_scale=logit_scale)
        self.tune = tune
        self.mixing = mixing
        self.label_smoothing = label_smoothing
        self.n_negative_classes = n_negative_classes
        self.interpolated_regularization = interpolated_regularization
        self.tuned_share = tuned_share
        self.start_from = start_from
        if self.backbone.logit_scale.device.type != "meta":  # there are no weights
            assert self.backbone.weights_hash  # caches the hash of the original weights before tuning
        mark_tuned(self.backbone.clip, tune, logit_scale)
        self._original = OriginalWeights(self, keeps=tuned_share < 1 or interpolated_regularization is not None)
        self._tuned: dict[str, Tensor] = {}

    def setup(self, stage: str) -> None:
        """Fetches the class text and, before training, the weights to start from.

        Raises:
            CheckpointError: They do not exist or do not match.
        """
        super().setup(stage)
        if stage == "fit" and self.start_from is not None:
            start_from_checkpoint(self, self.start_from)

    @property
    def text_is_trained(self) -> bool:
        """Whether the text tower is tuned."""
        return self.tune != "visual"

    def mix(self, frames: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
        """Applies mixup or CutMix."""
        return self.mixing(frames, labels, n_classes)

    def training_classes(self, labels: Tensor, n_classes: int) -> Tensor | None:
        """The classes of the batch and random others."""
        if self.n_negative_classes is None:
            return None
        present = torch.zeros(n_classes, dtype=torch.bool, device=labels.device)
        present[labels] = True
        others = (~present).nonzero().flatten()
        drawn = others[torch.randperm(len(others), device="cpu")[: self.n_negative_classes].to(others.device)]
        present[drawn] = True
        return present.nonzero().flatten()

    def training_losses(self, batch: VideoBatch) -> tuple[dict[str, Tensor], Tensor]:
        """The terms of the loss; with regularization also "interpolated", at weights between tuned and original."""
        of_batch, regularization = super().training_losses, self.interpolated_regularization
        if regularization is None:
            return of_batch(batch)
        second = regularization.term(
            lambda: torch.stack(list(of_batch(batch)[0].values())).sum(),
            self._original,
            seed=torch.initial_seed(),  # of this batch
            scaler=getattr(self.trainer.precision_plugin, "scaler", None),
        )
        losses, accuracy = of_batch(batch)
        return {**losses, "interpolated": second}, accuracy

    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Cross-entropy with soft targets."""
        return {"contrastive": all_classes_cross_entropy(logits, labels, label_smoothing=self.label_smoothing)}

    def prepare_inference(self) -> None:
        """Moves the weights towards the original ones."""
        if self.tuned_share < 1 and not self._tuned:
            self._tuned = self._original.mix(1 - self.tuned_share)

    def end_inference(self) -> None:
        """Restores the tuned weights."""
        self._original.put(self._tuned)
        self._tuned = {}

    @classmethod
    def load_author_checkpoint(
        cls,
        path: Path | str,
        *,
        architecture: str | None = None,
        weights: str = "openai",
        skips_objects: bool = False,
    ) -> FineTunedCLIP:
        """Builds the model from a checkpoint released by the authors of ViFi-CLIP.

        Such a file lacks CLIP's token embedding, which was not tuned. `zsar convert` does the same and saves the model.
        The authors normalize frames with ImageNet's mean and deviation, and so does the model.

        Args:
            path: The authors' file, {model, optimizer, lr_scheduler, max_accuracy, epoch, config}.
            architecture: The CLIP architecture; None to infer it from the shapes (ViT-B/32, B/16, L/14 of OpenAI).
            weights: Tag or file of the CLIP that was tuned.
            skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

        Returns:
            The model in evaluation mode; its backbone is the CLIP that was tuned.

        Raises:
            AuthorCheckpointError: The file is of another kind, tensors are missing or unknown, or the CLIP differs.
            BackboneError: The weights are neither local nor downloadable, or not of this architecture.
            ValueError: The weights are "random".
        """
        if weights == RANDOM_WEIGHTS:
            raise ValueError(
                f"weights={weights!r} has no token embedding to take; give those of the CLIP that was tuned"
            )
        content = read_vifi_clip_checkpoint(Path(path), architecture=architecture, skips_objects=skips_objects)
        model = cls(backbone=TrainedClipSettings(content.architecture, weights, frame_statistics="imagenet"))
        start = model.backbone.tokenize(["a"])[0, 0]
        content.check_original(model.backbone.clip.token_embedding.weight[start], weights)
        tuned = {f"backbone.clip.{name}": tensor for name, tensor in content.tuned.items()}
        incompatible = model.load_state_dict(tuned, strict=False)
        assert not incompatible.unexpected_keys, incompatible.unexpected_keys
        return model.eval()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the frozen weights, after checks.

        Raises:
            CheckpointError: The checkpoint does not match; or its logit scale was trained, which is frozen here.
        """
        scale_is_trained = self.get_parameter(_LOGIT_SCALE).requires_grad
        if _LOGIT_SCALE in checkpoint.get("state_dict", {}) and not scale_is_trained:
            path = getattr(self._trainer, "ckpt_path", None) or "the checkpoint"
            raise CheckpointError(
                f"{path} holds a trained logit scale, which is frozen here, as tune is {self.tune!r}; give "
                "--model.logit_scale trained"
            )
        super().on_load_checkpoint(checkpoint)

    def trained_weights(self) -> dict[str, Tensor]:
        """The tuned weights, where an average with the original ones is in use."""
        return self._tuned

    def original_weights(self) -> dict[str, Tensor]:
        """The original of the tuned weights, which an average with them needs."""
        return {name.removeprefix("backbone.clip."): value for name, value in self._original.values.items()}
