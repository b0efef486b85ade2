"""PromptTuner: tunes a learnable context on the views of each video, several videos at a time.

Equals TPT, DTS-TPT and ZAR up to rounding of sums: every video has a separate context, optimizer state and selection
of views. These speed-ups change no result:

* Views are embedded once; every step, frame subset and prediction works on their embeddings.
* Contexts of several videos are one tensor [G, n, W]: in the summed loss, each video's gradient is separate, and AdamW
  is elementwise.
* Gradients within `memory_mb`, and their sharing by videos in the first update: see `context_gradient`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.context_gradient import ContextGradient, ScoreViews
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner
from zsar.callbacks.prompt_tuning.semantic_consistency import Consistency, prompt_of_text_set, updates
from zsar.callbacks.prompt_tuning.temporal_schedule import frame_indices


@dataclass(frozen=True, kw_only=True)
class TuningRule:
    """Settings of tuning.

    Attributes:
        schedule: The frames of each step; see `temporal_schedule`. None for no tuning.
        consistency: The order of updates; see `semantic_consistency`.
        confident_share: Share of views to select.
        selection: Whether views are selected "once", with the initial context, or at "every_step".
        learning_rate: AdamW's learning rate.
        weight_decay: AdamW's weight decay.
    """

    schedule: tuple[str, ...]
    consistency: Consistency
    confident_share: float
    selection: Literal["once", "every_step"]
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class TunedPrompts:
    """The result of tuning for B videos.

    Attributes:
        contexts: float32 [B, n, W] for each prompt; unchanged where `failed`.
        class_texts: Class embeddings of each text set under its prompt, [B, C, P, D].
        failed: bool [B], true where a step met NaN or infinity.
    """

    contexts: tuple[Tensor, ...]
    class_texts: tuple[Tensor, ...]
    failed: Tensor


class PromptTuner:
    """Tunes prompts of one set of classes."""

    def __init__(
        self,
        learners: Sequence[PromptLearner],
        initial_context: Tensor,
        score_views: ScoreViews,
        rule: TuningRule,
        *,
        memory_mb: float,
    ) -> None:
        """Embeds the class text under the initial context.

        Args:
            learners: The prompts of each text set.
            initial_context: float32 [n, W], on the model's device.
            score_views: Compares views with class embeddings.
            rule: Settings of tuning.
            memory_mb: Approximate memory limit of a text pass, in 10^6 bytes. Results do not depend on it.
        """
        self._learners = learners
        self._initial_context = initial_context
        self.rule = rule
        self._most_bytes = memory_mb * 1e6
        self._gradients = [
            ContextGradient(
                learner, initial_context, score_views, confident_share=rule.confident_share, most_bytes=self._most_bytes
            )
            for learner in learners
        ]
        self.untuned = tuple(gradient.initial for gradient in self._gradients)

    def tune(self, frames: Tensor, weights: Tensor, seeds: Sequence[int]) -> TunedPrompts:
        """Tunes the context of each video.

        Args:
            frames: Frame embeddings of all views, [B, V, T, D].
            weights: Multiplicity of each view, [V].
            seeds: A seed for each video.

        Returns:
            The tuned prompts.

        Raises:
            ValueError: A subset of the schedule has more frames than a view.
        """
        n = self._videos_at_a_time()
        groups = [
            self._tune_group(frames[i : i + n].float(), weights, seeds[i : i + n]) for i in range(0, len(frames), n)
        ]
        return TunedPrompts(
            tuple(torch.cat(parts) for parts in zip(*(g.contexts for g in groups), strict=True)),
            tuple(torch.cat(parts) for parts in zip(*(g.class_texts for g in groups), strict=True)),
            torch.cat([g.failed for g in groups]),
        )

    def confident_views(self, frames: Tensor, class_texts: Tensor, weights: Tensor) -> Tensor:
        """Weight of each view in the mean of confident views: [B, V], summing to 1.

        Args:
            frames: [B, V, T, D].
            class_texts: [C, P, D] or [B, C, P, D].
            weights: [V].
        """
        selected = self._gradients[0].kept_views(frames, class_texts, weights)
        return selected / selected.sum(dim=1, keepdim=True)

    def _videos_at_a_time(self) -> int:
        needed = max(learner.bytes_per_video for learner in self._learners)
        return max(1, math.floor(self._most_bytes / needed))

    def _tune_group(self, frames: Tensor, weights: Tensor, seeds: Sequence[int]) -> TunedPrompts:
        rule, n_videos = self.rule, len(frames)
        n_prompts = 2 if rule.consistency == "parallel" else 1
        start = self._initial_context.expand(n_videos, -1, -1)
        contexts = [start.clone().requires_grad_() for _ in range(n_prompts)]
        optimizers = [
            torch.optim.AdamW([context], lr=rule.learning_rate, weight_decay=rule.weight_decay) for context in contexts
        ]
        failed = torch.zeros(n_videos, dtype=torch.bool, device=frames.device)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        fixed: list[Tensor] | None = None
        is_initial = [True] * n_prompts
        for step, subset in enumerate(rule.schedule):
            seen = _frames_at(frames, frame_indices(subset, frames.shape[2], generators))
            if rule.selection == "once" and fixed is None:
                fixed = [gradient.kept_views(seen, gradient.initial, weights) for gradient in self._gradients]
            for text_set, prompt in updates(rule.consistency, step):
                context = None if is_initial[prompt] else contexts[prompt]
                selected = None if fixed is None else fixed[text_set]
                gradient = self._gradients[text_set].of(context, seen, weights, selected)
                failed |= ~gradient.flatten(1).isfinite().all(dim=1)
                contexts[prompt].grad = gradient.masked_fill(failed[:, None, None], 0.0)
                optimizers[prompt].step()
                is_initial[prompt] = False
        tuned = [torch.where(failed[:, None, None], start, context.detach()) for context in contexts]
        return TunedPrompts(tuple(tuned), tuple(self._tuned_texts(tuned, failed)), failed)

    def _tuned_texts(self, contexts: Sequence[Tensor], failed: Tensor) -> list[Tensor]:
        """Class embeddings [G, C, P, D] of each text set."""
        texts = []
        for text_set, gradient in enumerate(self._gradients):
            shared = gradient.initial.expand(len(failed), -1, -1, -1)
            if self.rule.schedule:
                tuned = gradient.embed(contexts[prompt_of_text_set(self.rule.consistency, text_set)])
                shared = torch.where(failed[:, None, None, None], shared, tuned)
            texts.append(shared)
        return texts


def _frames_at(frames: Tensor, indices: Tensor) -> Tensor:
    """Frames [B, V, T, D] at the indices [B, T'] of each video: [B, V, T', D]."""
    if indices.shape[1] == frames.shape[2]:
        return frames
    wanted = indices.to(frames.device)[:, None, :, None].expand(-1, frames.shape[1], -1, frames.shape[3])
    return frames.gather(2, wanted)
