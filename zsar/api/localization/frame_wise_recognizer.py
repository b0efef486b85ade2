"""A trained recognizer that classifies each frame of a long video, and joins confident frames to segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from zsar.api.localization.method_settings import FRAME_WISE_METHOD
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.described_method import DescribedMethod
from zsar.lightning_modules.localization.frame_wise import (
    check_frame_threshold,
    confident_runs,
    described_threshold,
)
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch

_FRAMES_AT_ONCE = 1024


class FrameWiseRecognizer(DescribedMethod):
    """As `FrameWiseCLIP`, by the frame embeddings and the scorer of a recognizer: each frame is a video of one frame.

    Of a model with a logit bias (SigLIP), the threshold, the curves and the scores are of own probabilities.

    Attributes:
        recognizer: The model.
        threshold: Probability above which a frame counts as showing its most probable class.
    """

    method: ClassVar[str] = FRAME_WISE_METHOD
    least_classes: ClassVar[int] = 2

    def __init__(self, recognizer: ActionRecognizer, *, threshold: float) -> None:
        """Takes a model.

        Args:
            recognizer: The model, in evaluation mode.
            threshold: Probability above which a frame counts.

        Raises:
            ValueError: The threshold is out of range.
        """
        check_frame_threshold(threshold)
        self.recognizer, self.threshold = recognizer, threshold

    @property
    def backbone(self) -> OpenClipBackbone:
        """The CLIP model of the recognizer."""
        return self.recognizer.backbone

    @property
    def device(self) -> torch.device:
        """The device of the recognizer."""
        return self.recognizer.device

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """See `DescribedMethod.described_settings`; draws nothing."""
        return {
            **super().described_settings(seed=seed),
            **described_threshold(self.threshold, self.backbone),
            "recognizer": type(self.recognizer).__name__,
            "scorer": self.recognizer.scoring.scorer,
            **({"frame_variant": variant} if (variant := self.recognizer.frame_variant) else {}),
        }

    @torch.inference_mode()
    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`.

        Args:
            videos: With frame embeddings [N, D] as features.
            texts: The sets of classes.
            seed: Draws nothing.

        Raises:
            ValueError: A prompt has more tokens than the text tower reads.
        """
        model = self.recognizer
        classes = [model.class_embeddings.cached(text.prompts, self.device) for text in texts]
        answers = []
        for video in videos:
            frames = video.features[:, None, None].split(_FRAMES_AT_ONCE)
            found = {}
            for index in video.sets:
                parts = [model.probabilities(EmbeddedBatch(part, (classes[index],))) for part in frames]
                relative = torch.cat([part.relative for part in parts])
                own = [part.own for part in parts if part.own is not None]
                found[index] = confident_runs(
                    video, relative, threshold=self.threshold, own=torch.cat(own) if own else None
                )
            answers.append(found)
        return answers
