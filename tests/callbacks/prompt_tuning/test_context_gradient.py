"""The gradient of a context is autograd's of the whole chain, whatever is shared or done in parts."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.prompt_tuning.confident_entropy import averaged_entropy, confident_views
from zsar.callbacks.prompt_tuning.context_gradient import ContextGradient, ScoreViews
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner, Saliency, phrase_tokens
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.scorers.concept_spotting import concept_spotting
from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import mean_pooled_cosine

NAMES = ["brush hair", "ride a horse along the river", "cartwheel", "play the violin"]
WEIGHTS = torch.tensor([1.0, 1.0, 2.0, 0.0])
SHARE = 0.5
CPU = torch.device("cpu")


def score_views(frames: Tensor, classes: Tensor) -> Tensor:
    return mean_pooled_cosine(frames, classes, torch.tensor(5.0))[:, :, 0]


@pytest.fixture(scope="module")
def prompts() -> tuple[PromptLearner, Tensor]:
    """The prompts of four classes, whose texts differ, and their initial context."""
    torch.manual_seed(0)
    backbone = OpenClipBackbone("tiny-clip", "random").eval().requires_grad_(False)
    backbone.clip.token_embedding.weight.mul_(20)
    tokens = phrase_tokens(backbone.text, "a photo of a")
    learner = PromptLearner(
        backbone.text,
        [[name] for name in NAMES],
        phrase="a photo of a",
        n_context=len(tokens),
        class_position="end",
        device=CPU,
    )
    return learner, backbone.text.embed_tokens(tokens)


def gradient_of(prompts: tuple[PromptLearner, Tensor], most_bytes: float) -> ContextGradient:
    learner, context = prompts
    return ContextGradient(learner, context, score_views, confident_share=SHARE, most_bytes=most_bytes)


def by_autograd(
    learner: PromptLearner, contexts: Tensor, frames: Tensor, score_views: ScoreViews = score_views
) -> Tensor:
    """The whole chain, video by video."""
    gradients = []
    for context, video in zip(contexts, frames, strict=True):
        leaf = context[None].clone().requires_grad_()
        with torch.enable_grad():
            classes = learner.assemble([learner.encode(leaf, part) for part in learner.parts()])
            scores = score_views(video[None], classes)
            kept = confident_views(scores.detach().log_softmax(dim=-1), WEIGHTS, SHARE)
            gradients.append(torch.autograd.grad(averaged_entropy(scores, kept).sum(), leaf)[0][0])
    return torch.stack(gradients)


def frames_of(n_videos: int) -> Tensor:
    return torch.randn(n_videos, len(WEIGHTS), 3, 64, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("most_bytes", [2e9, 1e-3])
def test_it_is_that_of_the_whole_chain(prompts: tuple[PromptLearner, Tensor], most_bytes: float) -> None:
    learner, context = prompts
    frames = frames_of(3)
    contexts = (context + 0.1 * torch.randn(3, *context.shape)).requires_grad_()
    ours = gradient_of(prompts, most_bytes).of(contexts, frames, WEIGHTS, None)
    assert ours.shape == contexts.shape
    torch.testing.assert_close(ours, by_autograd(learner, contexts.detach(), frames), atol=1e-6, rtol=1e-3)
    assert ours.abs().max() > 1e-4


@pytest.mark.parametrize("most_bytes", [2e9, 1e-3])
def test_the_first_update_shares_its_text_pass_and_is_the_same(
    prompts: tuple[PromptLearner, Tensor], most_bytes: float
) -> None:
    learner, context = prompts
    frames = frames_of(3)
    ours = gradient_of(prompts, most_bytes).of(None, frames, WEIGHTS, None)
    expected = by_autograd(learner, context.expand(3, -1, -1), frames)
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-3)


def test_views_that_were_selected_before_are_used_as_they_are(prompts: tuple[PromptLearner, Tensor]) -> None:
    gradient, frames = gradient_of(prompts, 2e9), frames_of(2)
    chosen = gradient.kept_views(frames, gradient.initial, WEIGHTS)
    assert chosen.sum(dim=1).tolist() == [2.0, 2.0]
    now, before = (gradient.of(None, frames, WEIGHTS, kept) for kept in (None, chosen))
    assert torch.equal(now, before)
    others = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
    assert not torch.equal(gradient.of(None, frames, WEIGHTS, others), now)


def test_the_initial_class_embeddings_are_those_of_the_phrase(prompts: tuple[PromptLearner, Tensor]) -> None:
    initial = gradient_of(prompts, 2e9).initial
    assert initial.shape == (4, 1, 64)
    backbone = prompts[0]._text
    tokens = backbone.tokenize([f"a photo of a {name}." for name in NAMES])
    expected = functional.normalize(backbone.encode(tokens), dim=-1)[:, None]
    torch.testing.assert_close(initial, expected, atol=1e-5, rtol=0)


def rows(saliency: Saliency) -> tuple[PromptLearner, Tensor]:
    """Prompts whose every token is read, in double precision, and their initial context."""
    torch.manual_seed(0)
    backbone = OpenClipBackbone("tiny-clip", "random").eval().requires_grad_(False).double()
    backbone.clip.token_embedding.weight.mul_(20)
    tokens = phrase_tokens(backbone.text, "a photo of a")
    learner = PromptLearner(
        backbone.text,
        [[name] for name in NAMES],
        phrase="a photo of a",
        n_context=len(tokens),
        class_position="end",
        device=CPU,
        reads_tokens=True,
        saliency=saliency,
    )
    return learner, backbone.text.embed_tokens(tokens)


@pytest.fixture(scope="module")
def spotted() -> tuple[PromptLearner, Tensor]:
    return rows("exact")


def spot(frames: Tensor, classes: Tensor) -> Tensor:
    return concept_spotting(frames, classes, torch.tensor(5.0, dtype=torch.float64))[:, :, 0]


def test_through_concept_spotting_it_equals_finite_differences(spotted: tuple[PromptLearner, Tensor]) -> None:
    """In one pass, by classes and parts, and from the shared first context; along the gradient and at random."""
    learner, context = spotted
    frames, step = frames_of(2).double(), 1e-5
    gradients = [
        ContextGradient(learner, context, spot, confident_share=SHARE, most_bytes=most_bytes)
        for most_bytes in (2e9, 1e-3)
    ]
    selected = gradients[0].kept_views(frames, gradients[0].initial, WEIGHTS.double())
    contexts = context.expand(2, -1, -1).clone().requires_grad_()
    given: tuple[Tensor | None, ...] = (contexts, None)
    found = [one.of(at, frames, WEIGHTS.double(), selected) for one in gradients for at in given]

    def objective(shift: Tensor) -> Tensor:
        classes = gradients[0].embed(context + shift)
        return averaged_entropy(spot(frames, classes), selected)

    directions = [found[0], *torch.randn(3, 2, *context.shape, dtype=torch.float64)]
    for direction in directions:
        unit = direction / direction.flatten(1).norm(dim=1)[:, None, None]
        slope = (objective(step * unit) - objective(-step * unit)) / (2 * step)
        for gradient in found:
            assert gradient.dtype == torch.float64
            torch.testing.assert_close((gradient * unit).flatten(1).sum(dim=1), slope, atol=1e-9, rtol=1e-5)
    assert found[0].abs().max() > 1e-4


def test_what_stands_behind_the_end_moves_the_gradient(spotted: tuple[PromptLearner, Tensor]) -> None:
    """Padding decides on the saliency of frames: without its gradient, that of the context is another."""
    learner, context = spotted
    frames, length = frames_of(2).double(), learner._text.context_length
    width = frames.shape[-1]

    def without_padding(frames: Tensor, classes: Tensor) -> Tensor:
        tokens = classes[..., width:].unflatten(-1, (length, width))
        held = torch.cat([tokens[..., :-1, :], tokens[..., -1:, :].detach()], dim=-2)
        return spot(frames, torch.cat([classes[..., :width], held.flatten(-2)], dim=-1))

    whole, without = (
        ContextGradient(learner, context, score, confident_share=SHARE, most_bytes=2e9).of(None, frames, WEIGHTS, None)
        for score in (spot, without_padding)
    )
    assert (whole - without).abs().max() > 1e-3 * whole.abs().max()


def test_with_a_constant_saliency_it_is_that_of_the_ends_however_it_is_computed() -> None:
    learner, context = rows("constant")
    frames, weights = frames_of(2).double(), WEIGHTS.double()
    expected = by_autograd(learner, context.expand(2, -1, -1), frames, spot)
    contexts = context.expand(2, -1, -1).clone().requires_grad_()
    given: tuple[Tensor | None, ...] = (contexts, None)
    for most_bytes in (2e9, 1e-3):
        gradient = ContextGradient(learner, context, spot, confident_share=SHARE, most_bytes=most_bytes)
        for at in given:
            torch.testing.assert_close(gradient.of(at, frames, weights, None), expected, atol=1e-10, rtol=1e-6)
    assert expected.abs().max() > 1e-4
