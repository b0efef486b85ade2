import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.testing import assert_close

from tests.reference import bike as page
from zsar.lightning_modules.recognition.scorers import concept_spotting as module
from zsar.lightning_modules.recognition.scorers.concept_spotting import concept_spotting, spotted_frames
from zsar.lightning_modules.recognition.scorers.token_rows import token_rows

SCALE = torch.tensor(10.0)
ONE = torch.tensor(1.0, dtype=torch.float64)


def near(*shape: int) -> Tensor:
    """Frames about one direction, in double precision, so that no softmax at 0.01 is all or nothing."""
    return torch.ones(shape, dtype=torch.float64) + 0.03 * words(*shape)


def words(*shape: int) -> Tensor:
    """Embeddings of text in all directions."""
    return torch.randn(shape, dtype=torch.float64)


def test_a_hand_computed_example() -> None:
    frames = torch.tensor([[[[3.0, 0.0], [0.0, 2.0]]]])  # of length 1: the axes
    gap = 0.01 * math.log(3)  # of the two similarities, so that the softmax over frames is 3/4 and 1/4
    x = (gap + math.sqrt(2 - gap * gap)) / 2
    one = torch.tensor([[0.6, 0.8], [5.0, 0.0], [1.0, 1.0]])  # end; saliency (1, 0) and (1/2, 1/2)
    other = torch.tensor([[2.0, 0.0], [x, x - gap], [7.0, 7.0]])  # end; saliency (3/4, 1/4) and (1/2, 1/2)
    classes = token_rows(torch.stack([one, other]))[:, None]
    assert classes.shape == (2, 1, 6)
    saliency = spotted_frames(frames, classes)
    assert saliency.shape == (1, 1, 1, 2, 2)
    assert_close(saliency[0, 0, 0], torch.tensor([[0.75, 0.25], [0.625, 0.375]]), atol=1e-5, rtol=1e-5)
    scores = concept_spotting(frames, classes, SCALE)
    assert scores.shape == (1, 1, 1, 2)
    assert_close(scores.flatten(), 10 * torch.tensor([0.75 * 0.6 + 0.25 * 0.8, 0.625]), atol=1e-4, rtol=1e-5)


def test_it_is_what_the_page_says_of_each_view_and_prompt() -> None:
    frames, embedded = near(2, 3, 4, 6), words(5, 2, 1 + 7, 6)
    scores = concept_spotting(frames, token_rows(embedded), ONE)
    saliency = spotted_frames(frames, token_rows(embedded))
    assert (scores.shape, scores.dtype) == ((2, 3, 2, 5), torch.float64)
    for view in range(3):
        for prompt in range(2):
            w, e = embedded[:, prompt, 1:], embedded[:, prompt, 0]
            expected = page.spotting_cosines(frames[:, view], w, e)
            assert_close(scores[:, view, prompt], expected)
            assert (expected - page.mean_cosines(frames[:, view], e)).abs().max() > 1e-3
            assert_close(saliency[:, view, prompt], page.saliency(frames[:, view], w).transpose(0, 1))


def test_a_video_may_have_classes_of_its_own() -> None:
    frames, own = near(2, 3, 4, 6), token_rows(words(2, 5, 2, 1 + 7, 6))
    scores, saliency = concept_spotting(frames, own, ONE), spotted_frames(frames, own)
    for video in range(2):
        of_video = frames[video : video + 1]
        assert_close(scores[video], concept_spotting(of_video, own[video], ONE)[0])
        assert_close(saliency[video], spotted_frames(of_video, own[video])[0])


@pytest.mark.parametrize("has_own", [False, True])
def test_blocks_bound_the_memory_and_change_no_score_and_no_gradient(
    monkeypatch: pytest.MonkeyPatch, has_own: bool
) -> None:
    frames, scale = near(2, 3, 4, 6).requires_grad_(), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    rows = token_rows(words(2, 5, 2, 1 + 7, 6) if has_own else words(5, 2, 1 + 7, 6)).requires_grad_()
    weights = torch.randn(2, 3, 2, 5, dtype=torch.float64)

    def plainly() -> Tensor:
        v, classes = normalize(frames, dim=-1), (rows if has_own else rows.expand(2, *rows.shape))
        ends, words = classes[..., :6], classes[..., 6:].unflatten(-1, (7, 6))
        saliency = (torch.einsum("bvtd,bcpnd->bvpcnt", v, words) / 0.01).softmax(dim=-1).mean(dim=-2)
        return scale * torch.einsum("bvpct,bvtd,bcpd->bvpc", saliency, v, ends)

    n_of_blocks = []

    def noted(run: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def of_block(videos: Tensor, prompts: Tensor) -> Tensor:
            n_of_blocks.append(prompts.shape[1])
            return run(videos, prompts)

        return of_block

    monkeypatch.setattr(module, "_scores_of_block", noted(module._scores_of_block))

    def found(**block: Any) -> list[Tensor]:
        scores = concept_spotting(frames, rows, scale, **block) if block else plainly()
        return [scores, *torch.autograd.grad((weights * scores).sum(), [frames, rows, scale])]

    expected = found()
    of_a_prompt = 2 * 3 * 4 * 7 * 8 / 1e6  # similarities of both videos, in MB
    for block_mb, sizes in ((64.0, [10]), (3.5 * of_a_prompt, [3, 3, 3, 1]), (1e-9, [1] * 10)):
        n_of_blocks.clear()
        assert_close(found(block_mb=block_mb), expected)
        assert n_of_blocks[: len(sizes)] == sizes
        assert sorted(n_of_blocks) == sorted(2 * sizes)  # each once more in the backward pass
    n_of_blocks.clear()
    with torch.no_grad():
        assert_close(concept_spotting(frames, rows, scale, block_mb=1e-9), expected[0])
    assert n_of_blocks == [1] * 10


def test_the_gradients_of_frames_tokens_and_scale_are_finite_differences() -> None:
    frames, embedded = near(2, 1, 3, 4).requires_grad_(), words(2, 1, 1 + 3, 4).requires_grad_()

    def scored(frames: Tensor, embedded: Tensor, scale: Tensor) -> Tensor:
        return concept_spotting(frames, token_rows(embedded), scale, block_mb=1e-9)

    scale = torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(scored, (frames, embedded, scale), eps=1e-7, atol=1e-4, rtol=1e-4)
    (gradient,) = torch.autograd.grad(scored(frames, embedded, scale)[0, 0, 0, 0], embedded)
    assert (gradient[0, 0].abs().amax(dim=1) > 1e-3).all()  # of the end and of each position


def test_frames_count_by_their_direction_in_any_order_and_equal_ones_as_one() -> None:
    frames, rows = near(2, 1, 4, 6), token_rows(words(5, 1, 1 + 7, 6))
    expected = concept_spotting(frames, rows, ONE)
    lengths = 0.1 + torch.rand(2, 1, 4, 1, dtype=torch.float64)
    assert_close(concept_spotting(lengths * frames, rows, ONE), expected)
    assert_close(concept_spotting(frames[:, :, [2, 0, 3, 1]], rows, ONE), expected)
    still = frames[:, :, :1].expand(-1, -1, 4, -1)
    cosines = torch.einsum("bd,cd->bc", normalize(frames[:, 0, 0], dim=-1), rows[:, 0, :6])
    assert_close(concept_spotting(still, rows, ONE)[:, 0, 0], cosines)
    assert_close(concept_spotting(still[:, :, :1], rows, ONE)[:, 0, 0], cosines)


def test_all_positions_count_alike_and_none_may_be_left_out() -> None:
    frames, embedded = near(2, 1, 4, 6), words(5, 1, 1 + 7, 6)
    expected = concept_spotting(frames, token_rows(embedded), ONE)
    order = [0, 7, 2, 1, 4, 3, 6, 5]  # the end stays first
    assert_close(concept_spotting(frames, token_rows(embedded[:, :, order]), ONE), expected)
    for position in range(1, 8):
        fewer = [i for i in range(8) if i != position]
        left_out = concept_spotting(frames, token_rows(embedded[:, :, fewer]), ONE)
        assert (left_out - expected).abs().max() > 1e-4, position


def test_saliency_sums_to_one_and_makes_the_score() -> None:
    frames, rows = near(2, 3, 4, 6), token_rows(words(5, 2, 1 + 7, 6))
    saliency = spotted_frames(frames, rows)
    assert saliency.shape == (2, 3, 2, 5, 4)
    assert_close(saliency.sum(dim=-1), torch.ones(2, 3, 2, 5, dtype=torch.float64))
    p = torch.einsum("bvpct,bvtd->bvpcd", saliency, normalize(frames, dim=-1))
    assert_close(torch.einsum("bvpcd,cpd->bvpc", p, rows[..., :6]), concept_spotting(frames, rows, ONE))
    assert (p.norm(dim=-1) < 1).all()  # not normalized again


def test_it_is_computed_in_fp32_whatever_the_precision_of_the_model() -> None:
    frames, rows = near(2, 1, 4, 6).bfloat16(), token_rows(words(5, 1, 1 + 7, 6)).float()
    expected = concept_spotting(frames.float(), rows, SCALE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = concept_spotting(frames, rows, SCALE)
        saliency = spotted_frames(frames, rows)
    assert (found.dtype, saliency.dtype) == (torch.float32, torch.float32)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("score", [lambda f, c: concept_spotting(f, c, SCALE), spotted_frames])
@pytest.mark.parametrize("length", [6, 15])
def test_class_text_without_tokens_is_refused(score: Callable[[Tensor, Tensor], Tensor], length: int) -> None:
    message = f"reads the embeddings of all tokens of a prompt, 6 numbers each .* but class text has {length} numbers"
    with pytest.raises(ValueError, match=message):
        score(torch.randn(2, 1, 4, 6), torch.randn(5, 1, length))
