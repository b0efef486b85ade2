import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from zsar.lightning_modules.localization.frame_scoring import frame_products, projected_lengths
from zsar.lightning_modules.t3al.frame_norms import FrameNorms
from zsar.lightning_modules.t3al.frame_selection import Pools, pools

N, W, D, K = 2000, 24, 16, 2


def video(n_frames: int = N) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features, their mean, P_v and the unit embedding of a text."""
    features = torch.randn(n_frames, W, dtype=torch.float64)
    text = torch.nn.functional.normalize(torch.randn(D, dtype=torch.float64), dim=0)
    return features, features.mean(dim=0), torch.randn(W, D, dtype=torch.float64) / W**0.5, text


def exact(features: Tensor, background: Tensor, visual: Tensor, text: Tensor) -> Tensor:
    return frame_products(features, background, text, visual) / projected_lengths(features, background, visual)


def moves(visual: Tensor, n: int, size: float) -> list[Tensor]:
    """P_v after each of n steps of Adam's size: every entry moves by up to so much."""
    steps = [size * torch.randn_like(visual).sign() * torch.rand_like(visual) for _ in range(n)]
    return [visual + sum(steps[: i + 1], torch.zeros_like(visual)) for i in range(n)]


@pytest.mark.parametrize("rule", ["halves", "overlapping"])
@pytest.mark.parametrize("n_frames", [2, 150, 300, N])
@pytest.mark.parametrize("oracle", [False, True])
def test_pools_are_those_of_exact_cosines_in_every_step(n_frames: int, rule: Pools, oracle: bool) -> None:
    features, background, visual, text = video(n_frames)
    inside = torch.rand(n_frames) > 0.5 if oracle else None
    norms = FrameNorms(features, background, visual)
    before = visual
    for now in moves(visual, 20, 0.02):
        norms.moved((now - before).norm())
        before = now
        products = frame_products(features, background, text, now)
        scores = norms.scores(products, now, K, inside, rule=rule)
        ours, wanted = (pools(each, K, inside, rule=rule) for each in (scores, exact(features, background, now, text)))
        assert [pool.tolist() for pool in ours] == [pool.tolist() for pool in wanted]


def test_few_frames_are_projected_again() -> None:
    features, background, visual, text = video()
    norms = FrameNorms(features, background, visual)
    assert norms.n_projected == N
    before = visual
    for now in moves(visual, 20, 3e-4):
        norms.moved((now - before).norm())
        before = now
        norms.scores(frame_products(features, background, text, now), now, K)
    assert N < norms.n_projected < 2 * N  # of 21 N


def test_nothing_is_projected_again_if_the_projection_stays() -> None:
    features, background, visual, text = video()
    norms = FrameNorms(features, background, visual)
    other = torch.nn.functional.normalize(torch.randn(D, dtype=torch.float64), dim=0)
    for each in (text, other):
        scores = norms.scores(frame_products(features, background, each, visual), visual, K)
        assert_close(scores, exact(features, background, visual, each))
    assert norms.n_projected == N


def test_stale_lengths_alone_would_choose_other_frames() -> None:
    # Two frames with equal products; a step lengthens the one that was the shorter.
    features = torch.tensor([[1.0, 1.0], [1.0, 1.5], [1.0, -3.0], [-1.0, 0.1]])
    visual, text, none = torch.eye(2), torch.tensor([1.0, 0.0]), torch.zeros(2)
    turned = torch.tensor([[1.0, 1.0], [0.0, -1.0]])  # (x, y) to (x, x - y): the lengths swap their order
    norms = FrameNorms(features, none, visual)
    norms.moved((turned - visual).norm())
    scores = norms.scores(frame_products(features, none, text, turned), turned, 1)
    assert_close(scores.argsort(descending=True)[:2], exact(features, none, turned, text).argsort(descending=True)[:2])
    stale = frame_products(features, none, text, turned) / features.norm(dim=1)
    kept = FrameNorms(features, none, visual)  # of an update that was not noted
    assert_close(kept.scores(frame_products(features, none, text, turned), turned, 1), stale)


def test_a_copy_is_independent_and_projects_nothing() -> None:
    features, background, visual, text = video()
    norms = FrameNorms(features, background, visual)
    copied = norms.copied()
    assert copied.n_projected == 0
    turned = visual + 0.1
    copied.moved((turned - visual).norm())
    copied.scores(frame_products(features, background, text, turned), turned, K)
    assert copied.n_projected > 0
    assert norms.n_projected == N
    assert_close(
        norms.scores(frame_products(features, background, text, visual), visual, K),
        exact(features, background, visual, text),
    )
