"""From embeddings to logits and probabilities: compares the frames of all views with all prompts of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.recognition.scorers.concept_spotting import concept_spotting
from zsar.lightning_modules.recognition.scorers.frame_cosines import frame_voting, mean_frame_cosine
from zsar.lightning_modules.recognition.scorers.late_interaction import late_interaction
from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import (
    average_probabilities,
    mean_pooled_cosine,
    weighted_views,
)
from zsar.runtime.choices import check_choices

PromptEnsemble = Literal["probability", "embedding", "embedding_sum"]
Scorer = Literal["mean_pooled_cosine", "late_interaction", "mean_frame_cosine", "concept_spotting", "frame_voting"]
TrainingPrompts = Literal["drawn", "all"]
ViewEnsemble = Literal["probability", "logit_sum"]


@dataclass(frozen=True)
class EmbeddedBatch:
    """The input of scoring: embedded by the model, or by a `BatchAdaptation`.

    Attributes:
        frames: Frame embeddings of all views, [B, V, T, D].
        class_texts: Class embeddings, L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own; rows of
            them where the scorer reads tokens (`token_rows`). The probabilities of several class texts for the same
            classes are averaged.
        view_weights: For each of `class_texts`, the weight of each view's probabilities, [B, V], summing to 1; None for
            the scorer's default.
        logits: Logits of an adaptation that decides by more than the comparison, [B, C]; they take its place. None for
            the comparison.
    """

    frames: Tensor
    class_texts: tuple[Tensor, ...]
    view_weights: tuple[Tensor, ...] | None = None
    logits: Tensor | None = None


@dataclass(frozen=True)
class Scoring:
    """Settings of the comparison of embeddings.

    Attributes:
        scorer: "mean_pooled_cosine" compares the mean of a view's frames with each prompt and averages over views and
            prompts; "late_interaction" (AP-CLIP's MAKA) lets all frames of all views interact with all prompts of a
            class; "mean_frame_cosine" takes the mean of the frames' cosines (Open-VCLIP); "concept_spotting" weighs
            the frames for each class by all tokens of its prompt (BIKE); "frame_voting" averages the probabilities of
            frames that are not normalized (BIKE's tests without its head).
        prompt_ensemble: With several prompts per class, scorers other than late interaction average the "probability"
            of each prompt, or their "embedding" (as CLIP does), renormalized; "embedding_sum" leaves each embedding as
            long as the text tower makes it and normalizes their mean alone (TACO). Concept spotting knows only the
            first.
        training_prompts: With several prompts per class, scorers other than late interaction train with one prompt of
            each class that is "drawn" in each step (T2L, after ActionCLIP), or with the ensemble of "all", as in tests
            (AP-CLIP's ablations). Late interaction always trains with all.
        view_ensemble: With several views, scorers other than late interaction average the "probability" of each view,
            or take the sum of the views' logits, "logit_sum" (Open-VCLIP).
    """

    scorer: Scorer = "mean_pooled_cosine"
    prompt_ensemble: PromptEnsemble = "probability"
    training_prompts: TrainingPrompts = "drawn"
    view_ensemble: ViewEnsemble = "probability"

    def __post_init__(self) -> None:
        """Checks the choices."""
        check_choices(self)
        if self.reads_tokens and self.prompt_ensemble != "probability":
            raise ValueError(
                "concept_spotting reads the tokens of each prompt, which have no mean over prompts; give "
                "prompt_ensemble probability"
            )
        if self.sums_embeddings and self.scorer == "late_interaction":
            raise ValueError(
                "prompt_ensemble embedding_sum makes one embedding of a class, but late_interaction compares each of "
                "its prompts; give prompt_ensemble embedding, which it does not use"
            )

    @property
    def reads_tokens(self) -> bool:
        """Whether class text is rows with the embeddings of all tokens (`token_rows`)."""
        return self.scorer == "concept_spotting"

    @property
    def sums_embeddings(self) -> bool:
        """Whether class text is embeddings as long as the text tower makes them, not L2-normalized."""
        return self.prompt_ensemble == "embedding_sum"

    @property
    def trains_with_all(self) -> bool:
        """Whether a training step uses all prompts of each class."""
        return self.scorer == "late_interaction" or self.training_prompts == "all"

    def score(self, frames: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
        """Scores videos.

        Args:
            frames: Frame embeddings, [B, V, T, D].
            classes: L2-normalized class embeddings, [C, P, D], or [B, C, P, D] where each video has its own; rows of
                them where the scorer `reads_tokens`; of their own length where the scoring `sums_embeddings`.
            logit_scale: Factor of the cosine similarities, a scalar.

        Returns:
            Logits [B, C] in fp32; log-probabilities if several views or prompts are averaged, or frames vote.
        """
        if self.scorer == "late_interaction":
            return logit_scale.float() * late_interaction(frames.flatten(1, 2), classes)
        if self.view_ensemble == "logit_sum":
            return self.score_views(frames, classes, logit_scale).sum(dim=1)
        return average_probabilities(self._of_prompts(frames, classes, logit_scale))

    def score_views(self, frames: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
        """Scores each view separately, with the arguments of `score`: logits [B, V, C]."""
        if self.scorer == "late_interaction" and classes.ndim == 4:
            # Video by video: the views of a video share its classes, so these need not be repeated for each view.
            return torch.stack(
                [self.score(views[:, None], texts, logit_scale) for views, texts in zip(frames, classes, strict=True)]
            )
        if self.scorer == "late_interaction":
            scores = self.score(frames.flatten(0, 1)[:, None], classes, logit_scale)
        else:
            scores = average_probabilities(self._of_prompts(frames, classes, logit_scale).flatten(0, 1)[:, None])
        return scores.unflatten(0, frames.shape[:2])

    def score_embedded(self, embedded: EmbeddedBatch, logit_scale: Tensor) -> Tensor:
        """Scores embedded videos.

        Args:
            embedded: Frames, class text and the weights of views.
            logit_scale: Factor of the cosine similarities, a scalar.

        Returns:
            Logits [B, C] in fp32, those of the embedded batch where it has them; log-probabilities if several views,
            prompts or texts are averaged.
        """
        frames, texts = embedded.frames, embedded.class_texts
        if embedded.logits is not None:
            return embedded.logits
        if embedded.view_weights is None:
            scores = [self.score(frames, classes, logit_scale) for classes in texts]
        else:
            pairs = zip(texts, embedded.view_weights, strict=True)
            scores = [weighted_views(self.score_views(frames, classes, logit_scale), w) for classes, w in pairs]
        if len(scores) == 1:
            return scores[0]
        return average_probabilities(torch.stack(scores, dim=1)[:, None])

    def own_probabilities(self, embedded: EmbeddedBatch, logit_scale: Tensor, logit_bias: Tensor) -> Tensor:
        """The probability of each class by itself, for models that are trained to tell it: SigLIP and its like.

        SigLIP (Zhai et al. 2023, section 3.2) learns for each pair of picture and text whether they belong together,
        sigmoid(s cos + b), where softmax only compares texts. The constant b cancels in a softmax. Of a class c,

            p_c = sum_v w_v mean_p sigmoid(s cos(f_v, t_cp) + b)

        with the mean frame f_v of view v, the prompts t_cp, and the weights w_v of the views, which are equal by
        default; that is, probabilities are averaged over views, prompts and texts as `score_embedded` averages those of
        the softmax. The prompt ensemble "embedding" has one prompt, the mean. Late interaction replaces the mean over
        views and prompts by its score m_c, which is a mean of cosines: p_c = sigmoid(s m_c + b).

        Args:
            embedded: Frames, class text and the weights of views.
            logit_scale: s, a scalar.
            logit_bias: b, a scalar.

        Returns:
            float32 [B, C], each from 0 to 1; they do not sum to 1.

        Raises:
            ValueError: Frames vote: votes are not the similarities that the bias was learned for.
        """
        bias = logit_bias.float()
        return self._by_itself(embedded, logit_scale, lambda scores: (scores + bias).sigmoid())

    def similarities(self, embedded: EmbeddedBatch, logit_scale: Tensor) -> Tensor:
        """The similarity of a video to each class by itself: `own_probabilities` without sigmoid and bias.

        s_c = s sum_v w_v mean_p cos(f_v, t_cp) or, of late interaction, s m_c.

        Args:
            embedded: Frames, class text and the weights of views.
            logit_scale: s, a scalar.

        Returns:
            float32 [B, C].

        Raises:
            ValueError: Frames vote.
        """
        return self._by_itself(embedded, logit_scale, lambda scores: scores)

    def _by_itself(self, embedded: EmbeddedBatch, logit_scale: Tensor, of: Callable[[Tensor], Tensor]) -> Tensor:
        """The mean over views, prompts and texts of a function of their scores, [B, C]."""
        if self.scorer == "frame_voting":
            raise ValueError("the votes of frames have no probability of each class by itself; take another scorer")
        texts = embedded.class_texts
        weights = embedded.view_weights or (None,) * len(texts)
        of_texts = []
        for classes, of_views in zip(texts, weights, strict=True):
            if self.scorer == "late_interaction" and of_views is None:
                of_texts.append(of(self.score(embedded.frames, classes, logit_scale)))
                continue
            if self.scorer == "late_interaction":
                views = of(self.score_views(embedded.frames, classes, logit_scale))
            else:
                views = of(self._of_prompts(embedded.frames, classes, logit_scale)).mean(dim=2)
            of_texts.append(views.mean(dim=1) if of_views is None else (of_views[..., None] * views).sum(dim=1))
        return torch.stack(of_texts).mean(dim=0)

    def compared(self, classes: Tensor) -> Tensor:
        """What frames are compared with: the class embeddings, or their mean where prompts are joined.

        Args:
            classes: As in `score`, [..., C, P, D].

        Returns:
            [..., C, P, D], or [..., C, 1, D], L2-normalized.
        """
        if self.sums_embeddings:
            return functional.normalize(classes.float().mean(dim=-2, keepdim=True), dim=-1)
        if self.prompt_ensemble == "embedding" and classes.shape[-2] > 1:
            return functional.normalize(classes.mean(dim=-2, keepdim=True), dim=-1)
        return classes

    def _of_prompts(self, frames: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
        """Scores of each view and prompt, [B, V, P, C], with P = 1 if the prompts' embeddings are averaged."""
        if self.scorer == "concept_spotting":
            return concept_spotting(frames, classes, logit_scale)
        classes = self.compared(classes)
        if self.scorer == "frame_voting":
            return frame_voting(frames, classes)
        of_frames = mean_frame_cosine if self.scorer == "mean_frame_cosine" else mean_pooled_cosine
        return of_frames(frames, classes, logit_scale)
