import re
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

from tests.reference.late_interaction import late_interaction as oracle
from zsar.lightning_modules.recognition.scorers import late_interaction as module
from zsar.lightning_modules.recognition.scorers.late_interaction import late_interaction

B, VT, C, P, D = 3, 5, 7, 4, 16
SHARED, OF_EACH_VIDEO = (C, P, D), (B, C, P, D)
ONE_CLASS_MB = B * VT * P * 4 / 1e6
both_kinds_of_classes = pytest.mark.parametrize("classes_shape", [SHARED, OF_EACH_VIDEO])


def embeddings(*classes_shape: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Leaves: frames of any length, normalized classes."""
    generator = torch.Generator().manual_seed(0)
    frames = 3 * torch.randn(B, VT, D, generator=generator)
    classes = functional.normalize(torch.randn(*classes_shape, generator=generator), dim=-1)
    return frames.to(dtype).requires_grad_(), classes.to(dtype).requires_grad_()


def plain(frames: Tensor, classes: Tensor) -> Tensor:
    """The definition by einsum, for autograd to differentiate."""
    each = classes if classes.ndim == 4 else classes[None].expand(len(frames), -1, -1, -1)
    similarities = torch.einsum("bvd,bcpd->bcvp", functional.normalize(frames, dim=-1), each)
    return (similarities.max(dim=3).values.mean(dim=2) + similarities.max(dim=2).values.mean(dim=2)) / 2


def plain_shared(frames: Tensor, classes: Tensor) -> Tensor:
    """The same for prompts that all videos share, without a copy of them for each video."""
    similarities = torch.einsum("bvd,cpd->bcvp", functional.normalize(frames, dim=-1), classes)
    return (similarities.max(dim=3).values.mean(dim=2) + similarities.max(dim=2).values.mean(dim=2)) / 2


def gradients(scores: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    weights = torch.linspace(-1, 2, scores.numel(), dtype=scores.dtype).view_as(scores)
    return torch.autograd.grad(scores, inputs, weights)


def test_hand_computed_example() -> None:
    frames = torch.tensor([[[2.0, 0.0], [0.0, 5.0]]])  # cosines with the three prompts: 1, 0.6, -1 and 0, 0.8, 0
    classes = torch.tensor([[[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]])
    scores = late_interaction(frames, classes)
    v2t = (1.0 + 0.8) / 2
    t2v = (1.0 + 0.8 + 0.0) / 3
    assert scores.shape == (1, 1)
    assert scores.item() == pytest.approx((v2t + t2v) / 2)


def test_matches_the_oracle() -> None:
    frames, classes = embeddings(*SHARED)
    scores = late_interaction(frames, classes)
    assert scores.shape == (B, C)
    assert_close(scores, torch.tensor(oracle(frames.tolist(), classes.tolist())), atol=1e-6, rtol=0)


def test_each_video_is_scored_against_its_own_prompts() -> None:
    frames, classes = embeddings(*OF_EACH_VIDEO)
    scores = late_interaction(frames, classes)
    assert scores.shape == (B, C)
    for b in range(B):
        expected = torch.tensor(oracle(frames[b : b + 1].tolist(), classes[b].tolist()))
        assert_close(scores[b : b + 1], expected, atol=1e-6, rtol=0)


def test_one_frame_and_one_prompt_give_the_cosine() -> None:
    frames, classes = embeddings(*SHARED)
    expected = functional.cosine_similarity(frames[:, :1], classes[:, 0], dim=-1)
    assert_close(late_interaction(frames[:, :1], classes[:, :1]), expected)


def test_the_order_of_frames_and_prompts_does_not_matter() -> None:
    frames, classes = embeddings(*SHARED)
    shuffled = late_interaction(frames[:, torch.randperm(VT)], classes[:, torch.randperm(P)])
    assert_close(shuffled, late_interaction(frames, classes), atol=1e-6, rtol=0)


def test_the_length_of_a_frame_does_not_matter() -> None:
    frames, classes = embeddings(*SHARED)
    lengths = torch.rand(B, VT, 1) + 0.5
    assert_close(late_interaction(frames * lengths, classes), late_interaction(frames, classes))


@both_kinds_of_classes
def test_gradients_are_those_of_the_definition(classes_shape: tuple[int, ...]) -> None:
    inputs = embeddings(*classes_shape)
    assert_close(gradients(late_interaction(*inputs), *inputs), gradients(plain(*inputs), *inputs), atol=1e-6, rtol=0)


@both_kinds_of_classes
def test_gradients_are_those_of_finite_differences(classes_shape: tuple[int, ...]) -> None:
    inputs = embeddings(*classes_shape, dtype=torch.float64)
    assert late_interaction(*inputs).dtype == torch.float64
    assert torch.autograd.gradcheck(late_interaction, inputs, fast_mode=True)


@both_kinds_of_classes
@pytest.mark.parametrize("trained", [0, 1])
def test_a_frozen_side_costs_and_changes_nothing(classes_shape: tuple[int, ...], trained: int) -> None:
    inputs = embeddings(*classes_shape)
    expected = gradients(plain(*inputs), *inputs)[trained]
    inputs[1 - trained].requires_grad_(False)
    (ours,) = gradients(late_interaction(*inputs), inputs[trained])
    assert_close(ours, expected, atol=1e-6, rtol=0)


def test_a_tie_gives_the_gradient_to_the_place_that_max_names() -> None:
    frames = torch.eye(2).repeat(2, 1)[None].requires_grad_()  # each frame twice
    classes = torch.tensor([[[0.6, 0.8], [0.6, 0.8]]]).requires_grad_()  # one prompt twice
    ours = gradients(late_interaction(frames, classes), frames, classes)
    assert_close(ours, gradients(plain(frames, classes), frames, classes))


@both_kinds_of_classes
@pytest.mark.parametrize("classes_in_a_block", [1, 2, 5, 6, 7, 1000])
def test_the_size_of_the_blocks_changes_nothing(classes_shape: tuple[int, ...], classes_in_a_block: int) -> None:
    inputs = embeddings(*classes_shape)
    scores = late_interaction(*inputs, block_mb=1.01 * classes_in_a_block * ONE_CLASS_MB)
    expected = late_interaction(*inputs)
    assert_close(scores, expected, atol=1e-6, rtol=0)
    assert_close(gradients(scores, *inputs), gradients(expected, *inputs), atol=1e-6, rtol=0)


@both_kinds_of_classes
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_fp32(classes_shape: tuple[int, ...], dtype: torch.dtype) -> None:
    inputs = embeddings(*classes_shape, dtype=dtype)
    exact = [value.detach().float().requires_grad_() for value in inputs]
    scores, expected = late_interaction(*inputs), plain(*exact)
    assert scores.dtype == torch.float32
    assert_close(scores, expected, atol=1e-6, rtol=0)
    assert_close(gradients(scores, *inputs), tuple(value.to(dtype) for value in gradients(expected, *exact)))


def test_fp32_frames_meet_half_precision_prompts() -> None:
    frames, classes = embeddings(*SHARED)[0], embeddings(*SHARED, dtype=torch.bfloat16)[1]
    scores = late_interaction(frames, classes)
    assert_close(scores, plain(frames, classes.float()), atol=1e-6, rtol=0)
    assert [value.dtype for value in gradients(scores, frames, classes)] == [torch.float32, torch.bfloat16]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_does_not_reach_the_similarities(dtype: torch.dtype) -> None:
    inputs = embeddings(*SHARED, dtype=dtype)
    expected = late_interaction(*inputs)
    with torch.autocast("cpu", torch.bfloat16):
        scores = late_interaction(*inputs)
        ours = gradients(scores, *inputs)
    assert scores.dtype == torch.float32
    assert_close(scores, expected, atol=0, rtol=0)
    assert_close(ours, gradients(expected, *inputs), atol=0, rtol=0)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_without_gradients_the_scores_are_the_same(mode: Any) -> None:
    inputs = embeddings(*SHARED)
    with mode():
        scores = late_interaction(*inputs)
    assert not scores.requires_grad
    assert_close(scores, late_interaction(*inputs), atol=0, rtol=0)


@pytest.mark.slow
@both_kinds_of_classes
def test_compiles_as_one_graph(classes_shape: tuple[int, ...]) -> None:
    inputs = embeddings(*classes_shape)
    compiled = torch.compile(
        lambda f, c: late_interaction(f, c, block_mb=ONE_CLASS_MB), backend="aot_eager", fullgraph=True
    )
    scores, expected = compiled(*inputs), late_interaction(*inputs)
    assert_close(scores, expected, atol=1e-6, rtol=0)
    assert_close(gradients(scores, *inputs), gradients(expected, *inputs), atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("keep_argmax", [True, False])
def test_the_operator_is_what_it_tells_the_compiler(keep_argmax: bool) -> None:
    frames, classes = (value.detach().requires_grad_(keep_argmax) for value in embeddings(*OF_EACH_VIDEO))
    torch.library.opcheck(module._scores, (frames, classes, 1000, keep_argmax))


def test_the_gradient_cannot_be_differentiated_again() -> None:
    inputs = embeddings(*SHARED)
    (first,) = torch.autograd.grad(late_interaction(*inputs).sum(), inputs[1], create_graph=True)
    with pytest.raises(NotImplementedError, match="differentiable once; take its gradient without create_graph"):
        first.sum().backward()


def bytes_saved_for_backward(score: Any, inputs: tuple[Tensor, Tensor]) -> int:
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        score(*inputs)
    return sum(saved.values())


def test_only_inputs_and_a_byte_for_each_maximum_are_saved() -> None:
    frames, classes = torch.randn(2, 40, 8).requires_grad_(), torch.randn(50, 30, 8).requires_grad_()
    similarities = 2 * 40 * 50 * 30 * 4
    argmax = 2 * 50 * (40 + 30)
    embedded = 4 * (3 * frames.numel() + 2 * 40 + classes.numel())  # frames before and after they are normalized
    saved = bytes_saved_for_backward(late_interaction, (frames, classes))
    assert argmax < saved <= argmax + embedded < similarities / 4


def largest_allocation(frames: Tensor, classes: Tensor, block_mb: float | None) -> int:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        scores = late_interaction(frames, classes, block_mb=block_mb)
        if scores.requires_grad:
            scores.sum().backward()
    return max(event.self_cpu_memory_usage for event in profile.events())


@pytest.mark.parametrize("frames_trained", [True, False])
def test_nothing_larger_than_a_block_is_allocated(frames_trained: bool) -> None:
    frames, classes = torch.randn(4, 64, 32).requires_grad_(frames_trained), torch.randn(100, 32, 32)
    assert 4 * 64 * 100 * 32 * 4 > 3e6  # all similarities
    assert classes.numel() * 4 > 0.4e6  # a gradient of the frozen classes
    assert 0.19e6 < largest_allocation(frames, classes, block_mb=0.2) <= 0.2e6


def peak_memory(score: Any, inputs: tuple[Tensor, Tensor]) -> int:
    """The most bytes that are allocated at once in a forward and a backward pass, gradients included."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        score(*inputs).sum().backward()
    assert profile.profiler is not None
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def test_beyond_its_gradients_training_needs_a_quarter_of_the_memory_of_the_definition() -> None:
    inputs = torch.randn(16, 16, 16).requires_grad_(), torch.randn(400, 36, 16).requires_grad_()
    gradients_of_both = 4 * sum(value.numel() for value in inputs)
    ours, definition = (peak_memory(score, inputs) - gradients_of_both for score in (late_interaction, plain_shared))
    assert definition > 2 * 16 * 16 * 400 * 36 * 4  # the similarities, and their gradient
    assert ours < definition / 4


def test_by_default_a_block_holds_at_least_one_class() -> None:
    frames, classes = torch.randn(200, 64, 2), torch.randn(3, 64, 2)  # 3.3 * 10^6 bytes a class
    assert largest_allocation(frames, classes, None) == 200 * 64 * 64 * 4


def test_converted_prompts_count_in_a_block() -> None:
    frames, classes = torch.randn(1, 2, 512), torch.randn(100, 4, 512, dtype=torch.bfloat16)
    assert largest_allocation(frames, classes, block_mb=0.1) <= 0.1e6


@pytest.mark.parametrize("n", [256, 257])
def test_many_frames_and_prompts_are_told_apart(n: int) -> None:
    inputs = torch.eye(n)[None].requires_grad_(), torch.eye(n)[None].requires_grad_()
    assert_close(gradients(late_interaction(*inputs), *inputs), gradients(plain(*inputs), *inputs), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("frames", "classes", "message"),
    [
        ((2, 8), (5, 4, 8), "frame embeddings must be [B, V*T, D], all above 0; got [2, 8]"),
        ((2, 0, 8), (5, 4, 8), "all above 0; got [2, 0, 8]"),
        ((2, 3, 8), (5, 8), "class embeddings must be [C, P, D] or [B, C, P, D], all above 0; got [5, 8]"),
        ((2, 3, 8), (5, 0, 8), "all above 0; got [5, 0, 8]"),
        ((2, 3, 8), (5, 4, 6), "D=8 dimensions, prompts in D=6; take both from one CLIP model"),
        ((2, 3, 8), (3, 5, 4, 8), "prompts of B=3 videos and frames of B=2; pass [C, P, D]"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(frames: tuple[int, ...], classes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        late_interaction(torch.ones(frames), torch.ones(classes))


def test_a_block_that_does_not_hold_a_class_is_refused() -> None:
    frames, classes = torch.ones(10, 25, 2), torch.ones(6, 4, 2)  # 10 * 25 * 4 * 4 bytes
    assert late_interaction(frames, classes, block_mb=0.004).shape == (10, 6)
    with pytest.raises(
        ValueError, match=re.escape("block_mb=0.0039 does not hold one class of 4 prompts for 10 videos")
    ):
        late_interaction(frames, classes, block_mb=0.0039)
    with pytest.raises(ValueError, match=re.escape("set at least 0.004")):
        late_interaction(frames, classes, block_mb=0.0039)
