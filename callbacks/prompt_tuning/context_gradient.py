"""ContextGradient: gradient of the confident views' entropy in the context of each video, with bounded memory.

Exact, up to rounding of sums:

* All videos start with the same context. Its class embeddings are computed once per run, and the gradient of the first
  update uses one text pass shared by all videos.
* If the text pass of a video does not fit into memory, the gradient goes first to the class embeddings and from there,
  a part of the prompts at a time, to the context; each part is then computed twice.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.confident_entropy import averaged_entropy, confident_views
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner

ScoreViews = Callable[[Tensor, Tensor], Tensor]
"""Frame embeddings [B, V, T, D] and class embeddings [C, P, D] or [B, C, P, D] -> logits [B, V, C]."""


class ContextGradient:
    """Computes the gradients of one text set.

    Attributes:
        initial: The text set's class embeddings under the initial context, [C, P, D].
    """

    def __init__(
        self,
        learner: PromptLearner,
        initial_context: Tensor,
        score_views: ScoreViews,
        *,
        confident_share: float,
        most_bytes: float,
    ) -> None:
        """Embeds the class text under the initial context.

        Args:
            learner: The prompts.
            initial_context: float32 [n, W], on the model's device.
            score_views: Compares views with class embeddings.
            confident_share: Share of the views, those of lowest entropy, whose mean prediction is made more certain.
            most_bytes: Approximate memory limit of a text pass. Results do not depend on it.
        """
        self._learner = learner
        self._initial_context = initial_context
        self._score_views = score_views
        self._confident_share = confident_share
        self._most_bytes = most_bytes
        self.initial = self.embed(initial_context[None])[0]

    def embed(self, contexts: Tensor) -> Tensor:
        """Class embeddings [G, C, P, D] under contexts [G, n, W], without gradient."""
        with torch.no_grad():
            parts = self._learner.parts(most_bytes=self._most_bytes / len(contexts))
            return self._learner.assemble([self._learner.encode(contexts, part) for part in parts])

    def kept_views(self, frames: Tensor, classes: Tensor, weights: Tensor) -> Tensor:
        """Selected multiplicity of each view, [G, V], from `confident_views`.

        Args:
            frames: [G, V, T, D].
            classes: [C, P, D] or [G, C, P, D].
            weights: [V].
        """
        with torch.no_grad():
            log_probabilities = self._score_views(frames, classes).log_softmax(dim=-1)
            return confident_views(log_probabilities, weights, self._confident_share)

    def of(self, contexts: Tensor | None, frames: Tensor, weights: Tensor, selected: Tensor | None) -> Tensor:
        """Gradient of each video's averaged entropy with respect to its context, [G, n, W].

        Args:
            contexts: [G, n, W]; None for the initial context, which all videos share.
            frames: The frames of this step, [G, V, T', D].
            weights: [V].
            selected: The selected views, [G, V]; None to select them now.
        """
        learner = self._learner
        if contexts is None:
            initial = self.initial.expand(len(frames), -1, -1, -1)
            return self._to_initial_context(self._by_classes(initial, frames, weights, selected))
        if learner.bytes_per_video <= self._most_bytes:
            with torch.enable_grad():
                classes = learner.assemble([learner.encode(contexts, part) for part in learner.parts()])
                objective = self._objective(classes, frames, weights, selected)
                return torch.autograd.grad(objective.sum(), contexts)[0]
        return self._to_contexts(contexts, self._by_classes(self.embed(contexts), frames, weights, selected))

    def _objective(self, classes: Tensor, frames: Tensor, weights: Tensor, selected: Tensor | None) -> Tensor:
        scores = self._score_views(frames, classes)
        if selected is None:
            selected = confident_views(scores.detach().log_softmax(dim=-1), weights, self._confident_share)
        return averaged_entropy(scores, selected)

    def _by_classes(self, classes: Tensor, frames: Tensor, weights: Tensor, selected: Tensor | None) -> Tensor:
        """Gradient of each video's averaged entropy with respect to its class embeddings, [G, C, P, D]."""
        with torch.enable_grad():
            leaf = classes.detach().clone().requires_grad_()
            return torch.autograd.grad(self._objective(leaf, frames, weights, selected).sum(), leaf)[0]

    def _to_initial_context(self, by_classes: Tensor) -> Tensor:
        """[G, C, P, D] -> gradient of the initial context [G, n, W]: one text pass forward, G backward."""
        total = by_classes.new_zeros(len(by_classes), *self._initial_context.shape)
        for part in self._learner.parts(most_bytes=self._most_bytes):
            of_videos = self._learner.split_part(by_classes, part)
            with torch.enable_grad():
                context = self._initial_context[None].clone().requires_grad_()
                classes = self._with_gradient(context, part)[0]
            for video, gradient in enumerate(of_videos[..., : classes.shape[-1]]):
                total[video] += torch.autograd.grad(classes, context, gradient, retain_graph=True)[0][0]
        return total

    def _to_contexts(self, contexts: Tensor, by_classes: Tensor) -> Tensor:
        """[G, C, P, D] -> gradient of the contexts [G, n, W], one part at a time to save memory."""
        total = torch.zeros_like(contexts)
        for part in self._learner.parts(most_bytes=self._most_bytes):
            with torch.enable_grad():
                classes = self._with_gradient(contexts, part)
            of_part = self._learner.split_part(by_classes, part)[..., : classes.shape[-1]]
            total += torch.autograd.grad(classes, contexts, of_part)[0]
        return total

    def _with_gradient(self, contexts: Tensor, part: slice) -> Tensor:
        """The class embeddings [G, N, D'] of a part, or their first D numbers where the others have no gradient."""
        learner = self._learner
        return learner.encode_ends(contexts, part) if learner.holds_tokens else learner.encode(contexts, part)
