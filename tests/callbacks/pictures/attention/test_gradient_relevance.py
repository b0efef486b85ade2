import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference.attention_weights import relevance
from zsar.callbacks.pictures.attention.gradient_relevance import class_relevance, positive_part, propagated
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l.t2l import T2L


def observed(n_layers: int, *, extra: int = 0) -> list[Tensor]:
    """Attention of two frames with a class token and 2 x 2 patches, 3 heads."""
    torch.manual_seed(1)
    n_tokens = 5 + extra
    return [torch.randn(2, 3, n_tokens, n_tokens).softmax(dim=-1).requires_grad_() for _ in range(n_layers)]


def record_of(layers: list[Tensor], pooling: Pooling, *, temporal: bool = False) -> AttentionRecord:
    record = AttentionRecord(gradient=True)
    for layer, matrix in enumerate(layers):
        record.add(layer, matrix, "tokens_and_temporal" if temporal else "tokens")
    record.finish(TokenLayout(1, 0, (2, 2), pooling, pools_all=pooling == "attention"))
    return record


def test_an_example_computed_by_hand() -> None:
    """One head; A * G is [[.2, .6], [-1, .1]]: A_bar of the class token is .2 and .6, so that R's row is 1.2 and .6."""
    bar = positive_part(torch.tensor([[[[0.2, 0.6], [1.0, 0.1]]]]), torch.tensor([[[[1.0, 1.0], [-1.0, 1.0]]]]))
    assert_close(bar, torch.tensor([[[0.2, 0.6], [0.0, 0.1]]]))
    start = torch.tensor([[1.0, 0.0]])
    assert_close(propagated(start, [bar]), torch.tensor([[1.2, 0.6]]))
    # A second layer with the same A_bar: (1, 0) (I + A_bar)^2 = (1.2, .6) (I + A_bar)
    assert_close(propagated(start, [bar, bar]), torch.tensor([[1.44, 0.72 + 0.66]]))


@pytest.mark.parametrize("pooling", ["token", "average"])
def test_relevance_is_the_row_of_the_whole_matrix(pooling: Pooling) -> None:
    layers = observed(3)
    gradients = [torch.randn(2, 3, 5, 5) for _ in layers]
    score = torch.stack([(a * g).sum() for a, g in zip(layers, gradients, strict=True)]).sum()
    shares = class_relevance(record_of(layers, pooling), score)
    for frame in range(2):
        as_arrays = [[t[frame].detach().double().numpy() for t in tensors] for tensors in (layers, gradients)]
        whole, _ = relevance(*as_arrays)
        rows = [0] if pooling == "token" else [1, 2, 3, 4]
        expected = (whole - np.eye(5))[rows].mean(axis=0)
        assert float(shares.total[frame]) == pytest.approx(expected.sum(), rel=1e-5)
        np.testing.assert_allclose(
            shares.patches[frame].flatten().numpy(), expected[1:] / expected.sum(), rtol=1e-4, atol=1e-6
        )
    total = shares.patches.sum(dim=(1, 2)) + shares.class_token + shares.temporal
    assert_close(total, torch.ones(2))


def test_attention_pooling_starts_with_its_own_relevance() -> None:
    layers, pool = observed(2), torch.randn(2, 3, 1, 5).softmax(dim=-1).requires_grad_()
    record, slopes = record_of(layers, "attention"), torch.randn(2, 3, 1, 5)
    record.pool = pool
    score = (pool * slopes).sum() + torch.stack([layer.sum() for layer in layers]).sum()
    shares = class_relevance(record, score)
    for frame in range(2):
        as_arrays = [layer[frame].detach().double().numpy() for layer in layers]
        whole, _ = relevance(as_arrays, [np.ones_like(a) for a in as_arrays])
        bar = (pool * slopes)[frame, :, 0].clamp(min=0).mean(dim=0).detach().double().numpy()
        assert float(shares.total[frame]) == pytest.approx((bar @ whole).sum(), rel=1e-5)


def test_relevance_that_flows_to_a_temporal_token_stays_there() -> None:
    layers = observed(2, extra=1)
    score = torch.stack([layer.sum() for layer in layers]).sum()  # all gradients are 1
    shares = class_relevance(record_of(layers, "token", temporal=True), score)
    first, last = (layer.detach().mean(dim=1)[:, :5] for layer in layers)
    direct = last[:, 0, 5] + first[:, 0, 5] + torch.einsum("nl,nl->n", last[:, 0, :5], first[:, :, 5])
    assert_close(shares.temporal * shares.total, direct)


def test_without_positive_relevance_all_shares_are_zero() -> None:
    layers = observed(2)
    shares = class_relevance(record_of(layers, "token"), -torch.stack([layer.sum() for layer in layers]).sum())
    assert shares.total.tolist() == [0, 0]
    assert shares.patches.abs().max() == 0


MODELS = {
    "ZeroShotCLIP": lambda: ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")),
    "CoCa": lambda: ZeroShotCLIP(backbone=ClipSettings("tiny-coca", "random")),
    "T2L": lambda: T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4),
}


@pytest.mark.parametrize("name", MODELS)
def test_maps_move_when_the_class_does(name: str) -> None:
    torch.manual_seed(4)
    model: ActionRecognizer = MODELS[name]().eval()
    frames = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    classes = model.class_embeddings.cached((("a red dance",), ("someone swims in a lake",)), model.device)
    with model.backbone.observed_attention(gradient=True) as record:
        scores = model.score(model.embed_views(frames), classes)[0]
    maps = [class_relevance(record, score).patches for score in scores]
    assert maps[0].shape == (4, 4, 4)
    assert 0.5 * (maps[0] - maps[1]).abs().sum(dim=(1, 2)).mean() > 0.02  # at least 2 % of the relevance is elsewhere
    assert_close(class_relevance(record, scores[0]).patches, maps[0], atol=0, rtol=0)
