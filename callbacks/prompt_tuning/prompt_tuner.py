"""PromptTuner: tunes a learnable context on the views of single videos, several videos at a time.

TPT, DTS-TPT and ZAR as they are written, up to the rounding of sums: every video has its own context, optimizer state
and selection of views. What makes it fast changes no result:

* Views are embedded once; every step, frame subset and prediction works on their embeddings.
* Contexts of several videos are one tensor [G, n, W]: the sum of their losses has each video's own gradient, and AdamW
  works element by element.
* All videos begin with the same context. Its class embeddings are computed once a run, and the gradient of a first
  update goes back through one text pass that all videos share.
* Where the text pass of a video would not fit into `memory_mb`, the gradient goes first to the class embeddings and
  from there, a part of the prompts at a time, to the context; each part is then computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.averaged_entropy import averaged_entropy
from zsar.callbacks.prompt_tuning.confidence_selection import confident_views
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner
from zsar.callbacks.prompt_tuning.semantic_consistency import Consistency, prompt_of_text_set, updates
from zsar.callbacks.prompt_tuning.temporal_schedule import frame_indices

ScoreViews = Callable[[Tensor, Tensor], Tensor]
"""Frame embeddings [B, V, T, D] and class embeddings [C, P, D] or [B, C, P, D] -> logits [B, V, C]."""


@dataclass(frozen=True, kw_only=True)
class TuningRule:
    """How a context is tuned.

    Attributes:
        schedule: The frames of each step; see `temporal_schedule`. None for no tuning.
        consistency: The order of updates; see `semantic_consistency`.
        confident_share: Share of the views that is kept.
        selection: Whether views are chosen "once", with the context that tuning begins with, or at "every_step".
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
    """

    schedule: tuple[str, ...]
    consistency: Consistency
    confident_share: float
    selection: Literal["once", "every_step"]
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class TunedPrompts:
    """What tuning made of B videos.

    Attributes:
        contexts: float32 [B, n, W] for each prompt; where `failed`, as before tuning.
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
            score_views: How views are compared with class embeddings.
            rule: How a context is tuned.
            memory_mb: About how much memory, in 10^6 bytes, a text pass may take. Results do not depend on it.
        """
        self._learners = learners
        self._initial_context = initial_context
        self._score_views = score_views
        self.rule = rule
        self._most_bytes = memory_mb * 1e6
        self.untuned = tuple(self._embed(learner, initial_context[None])[0] for learner in learners)

    def tune(self, frames: Tensor, weights: Tensor, seeds: Sequence[int]) -> TunedPrompts:
        """Tunes the context of each video.

        Args:
            frames: Frame embeddings of all views, [B, V, T, D].
            weights: For how many views each stands, [V].
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
        """How much each view counts in the mean of the confident ones: [B, V], summing to 1.

        Args:
            frames: [B, V, T, D].
            class_texts: [C, P, D] or [B, C, P, D].
            weights: [V].
        """
        kept = self._kept(frames, class_texts, weights)
        return kept / kept.sum(dim=1, keepdim=True)

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
                fixed = [self._kept(seen, untuned, weights) for untuned in self.untuned]
            for text_set, prompt in updates(rule.consistency, step):
                context = None if is_initial[prompt] else contexts[prompt]
                kept = None if fixed is None else fixed[text_set]
                gradient = self._gradient(text_set, context, seen, weights, kept)
                failed |= ~gradient.flatten(1).isfinite().all(dim=1)
                contexts[prompt].grad = gradient.masked_fill(failed[:, None, None], 0.0)
                optimizers[prompt].step()
                is_initial[prompt] = False
        tuned = [torch.where(failed[:, None, None], start, context.detach()) for context in contexts]
        return TunedPrompts(tuple(tuned), tuple(self._tuned_texts(tuned, failed)), failed)

    def _tuned_texts(self, contexts: Sequence[Tensor], failed: Tensor) -> list[Tensor]:
        """Class embeddings [G, C, P, D] of each text set."""
        texts = []
        for text_set, (learner, untuned) in enumerate(zip(self._learners, self.untuned, strict=True)):
            shared = untuned.expand(len(failed), -1, -1, -1)
            if self.rule.schedule:
                tuned = self._embed(learner, contexts[prompt_of_text_set(self.rule.consistency, text_set)])
                shared = torch.where(failed[:, None, None, None], shared, tuned)
            texts.append(shared)
        return texts

    def _embed(self, learner: PromptLearner, contexts: Tensor) -> Tensor:
        """Class embeddings [G, C, P, D] without gradient."""
        with torch.no_grad():
            parts = learner.parts(most_bytes=self._most_bytes / len(contexts))
            return learner.assemble([learner.encode(contexts, part) for part in parts])

    def _gradient(
        self, text_set: int, contexts: Tensor | None, frames: Tensor, weights: Tensor, kept: Tensor | None
    ) -> Tensor:
        """Gradient of each video's averaged entropy by its context, [G, n, W].

        Args:
            text_set: Which text set.
            contexts: [G, n, W]; None for the initial context, which all videos share.
            frames: The frames of this step, [G, V, T', D].
            weights: [V].
            kept: The selected views, [G, V]; None to choose them now.
        """
        learner = self._learners[text_set]
        if contexts is None:
            of_classes = self._class_gradient(
                self.untuned[text_set].expand(len(frames), -1, -1, -1), frames, weights, kept
            )
            return self._shared_gradient(learner, of_classes)
        if learner.bytes_per_video <= self._most_bytes:
            with torch.enable_grad():
                classes = learner.assemble([learner.encode(contexts, part) for part in learner.parts()])
                objective = self._objective(classes, frames, weights, kept)
                return torch.autograd.grad(objective.sum(), contexts)[0]
        of_classes = self._class_gradient(self._embed(learner, contexts), frames, weights, kept)
        return self._gradient_in_parts(learner, contexts, of_classes)

    def _objective(self, classes: Tensor, frames: Tensor, weights: Tensor, kept: Tensor | None) -> Tensor:
        scores = self._score_views(frames, classes)
        if kept is None:
            kept = confident_views(scores.detach().log_softmax(dim=-1), weights, self.rule.confident_share)
        return averaged_entropy(scores, kept)

    def _class_gradient(self, classes: Tensor, frames: Tensor, weights: Tensor, kept: Tensor | None) -> Tensor:
        """Gradient of each video's averaged entropy by its class embeddings, [G, C, P, D]."""
        with torch.enable_grad():
            leaf = classes.detach().clone().requires_grad_()
            return torch.autograd.grad(self._objective(leaf, frames, weights, kept).sum(), leaf)[0]

    def _shared_gradient(self, learner: PromptLearner, of_classes: Tensor) -> Tensor:
        """From [G, C, P, D] at the initial context to it, [G, n, W]: one text pass forward, G backward."""
        total = torch.zeros(len(of_classes), *self._initial_context.shape, device=of_classes.device)
        for part in learner.parts(most_bytes=self._most_bytes):
            own = learner.split_part(of_classes, part)
            with torch.enable_grad():
                context = self._initial_context[None].clone().requires_grad_()
                classes = learner.encode(context, part)[0]
            for video, gradient in enumerate(own):
                total[video] += torch.autograd.grad(classes, context, gradient, retain_graph=True)[0][0]
        return total

    def _gradient_in_parts(self, learner: PromptLearner, contexts: Tensor, of_classes: Tensor) -> Tensor:
        """From [G, C, P, D] to the contexts, [G, n, W], with the memory of one part at a time."""
        total = torch.zeros_like(contexts)
        for part in learner.parts(most_bytes=self._most_bytes):
            with torch.enable_grad():
                classes = learner.encode(contexts, part)
            total += torch.autograd.grad(classes, contexts, learner.split_part(of_classes, part))[0]
        return total

    def _kept(self, frames: Tensor, classes: Tensor, weights: Tensor) -> Tensor:
        with torch.no_grad():
            log_probabilities = self._score_views(frames, classes).log_softmax(dim=-1)
            return confident_views(log_probabilities, weights, self.rule.confident_share)


def _frames_at(frames: Tensor, indices: Tensor) -> Tensor:
    """Frames [B, V, T, D] at the indices [B, T'] of each video: [B, V, T', D]."""
    if indices.shape[1] == frames.shape[2]:
        return frames
    wanted = indices.to(frames.device)[:, None, :, None].expand(-1, frames.shape[1], -1, frames.shape[3])
    return frames.gather(2, wanted)
