import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference.attention_weights import rollout as whole_rollout
from zsar.callbacks.pictures.attention.attention_rollout import (
    last_block_attention,
    pooling_weights,
    rolled_out_attention,
    rollout,
)
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout


def weights(*shape: int) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(*shape).mul(2).softmax(dim=-1)


def record_of(layers: list[Tensor], pooling: Pooling, *, temporal: tuple[int, ...] = ()) -> AttentionRecord:
    """A record of frames with a class token and 2 x 2 patches."""
    record = AttentionRecord(gradient=False)
    for layer, matrix in enumerate(layers):
        record.add(layer, matrix, "tokens_and_temporal" if layer in temporal else "tokens")
    record.finish(TokenLayout(1, 0, (2, 2), pooling, pools_all=pooling == "attention"))
    return record


def test_an_example_computed_by_hand() -> None:
    """Class token and one patch; both layers attend from the class token to the patch only, and patches to themselves.

    A_hat = [[.5, .5], [0, 1]]; its square is [[.25, .75], [0, 1]].
    """
    layer = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    assert_close(rollout(torch.tensor([[1.0, 0.0]]), [layer, layer]), torch.tensor([[0.25, 0.75]]))


def test_rollout_of_identity_attention_is_the_identity() -> None:
    identity = torch.eye(5).expand(2, 5, 5)
    start = weights(2, 5)
    assert_close(rollout(start, [identity] * 4), start)


def test_rollout_is_the_row_of_the_whole_product() -> None:
    layers = [weights(3, 5, 5) for _ in range(4)]
    row = rollout(torch.eye(5)[:1].expand(3, -1), layers)
    for frame in range(3):
        product = whole_rollout([layer[frame].double().numpy() for layer in layers])
        np.testing.assert_allclose(row[frame].numpy(), product[0], rtol=1e-5)


@pytest.mark.parametrize("pooling", ["token", "average"])
def test_all_shares_of_a_frame_sum_to_one(pooling: Pooling) -> None:
    layers = [weights(3, 2, 5, 5), weights(3, 2, 6, 6), weights(3, 2, 6, 6)]
    record = record_of(layers, pooling, temporal=(1, 2))
    for shares in (last_block_attention(record), rolled_out_attention(record)):
        assert shares.patches.shape == (3, 2, 2)
        total = shares.patches.sum(dim=(1, 2)) + shares.class_token + shares.registers + shares.temporal
        assert_close(total, torch.ones(3))
        assert_close(shares.total, torch.ones(3))
        assert shares.temporal.min() > 0


def test_what_flows_to_a_temporal_token_stays_there() -> None:
    """Every token attends to the temporal token alone, in both layers: half of what is left each time."""
    layer = torch.zeros(1, 1, 6, 6)
    layer[..., -1] = 1
    shares = rolled_out_attention(record_of([layer, layer], "token", temporal=(0, 1)))
    assert_close(shares.class_token, torch.tensor([0.25]))
    assert_close(shares.temporal, torch.tensor([0.75]))
    assert shares.patches.abs().max() == 0


def test_the_last_block_is_the_mean_over_heads_of_the_class_token_s_row() -> None:
    last = weights(2, 3, 5, 5)
    shares = last_block_attention(record_of([weights(2, 3, 5, 5), last], "token"))
    assert_close(shares.patches, last[:, :, 0, 1:].mean(dim=1).unflatten(1, (2, 2)))
    assert_close(shares.class_token, last[:, :, 0, 0].mean(dim=1))


def test_what_is_pooled_starts_the_rollout() -> None:
    layer = weights(2, 3, 5, 5)
    assert pooling_weights(record_of([layer], "token")).tolist() == [[1, 0, 0, 0, 0, 0]] * 2
    assert pooling_weights(record_of([layer], "average")).tolist() == [[0, 0.25, 0.25, 0.25, 0.25, 0]] * 2
    record = record_of([layer], "attention")
    record.pool = weights(2, 3, 1, 5)
    assert_close(pooling_weights(record)[:, :5], record.pool[:, :, 0].mean(dim=1))
    assert_close(last_block_attention(record).class_token, record.pool[:, :, 0, 0].mean(dim=1))


def clip_matrix(of_frames: Tensor) -> Tensor:
    """Attention of T frames to three frames, [T, L, 3 L], as one matrix over all tokens of a clip, [T L, T L]."""
    n_frames, n_tokens = of_frames.shape[:2]
    whole = torch.zeros(n_frames, n_tokens, n_frames + 2, n_tokens)  # a frame beyond each end
    for frame in range(n_frames):
        whole[frame, :, frame : frame + 3] = of_frames[frame].unflatten(-1, (3, n_tokens))
    return whole[:, :, 1:-1].reshape(n_frames * n_tokens, n_frames * n_tokens)


def test_neighbours_by_hand() -> None:
    """Two frames of one token: the first gives half of its attention to the second, and a quarter to what is not there.

    The first takes 1/4 of itself and 1/2 of the second; the second takes all of itself. With the residual, halved:
    the first's token has (1 + 1/4) / 2, the second's (1 + 1/2 + 1) / 2.
    """
    layer = torch.tensor([[[0.25, 0.25, 0.5]], [[0.0, 1.0, 0.0]]])
    assert_close(rollout(torch.ones(2, 1), [layer], n_frames=2), torch.tensor([[0.625], [1.25]]))


def test_rollout_over_neighbours_is_that_of_all_tokens_of_each_clip() -> None:
    layers = [weights(2 * 4, 2, 5, 15) for _ in range(3)]
    record = AttentionRecord(gradient=False)
    for layer, matrix in enumerate(layers):
        record.add(layer, matrix, "neighbours", n_frames=4)
    record.finish(TokenLayout(1, 0, (2, 2), "token"))
    shares, last = rolled_out_attention(record), last_block_attention(record)
    for clip in (slice(0, 4), slice(4, 8)):
        of_clip = [clip_matrix(matrix[clip].mean(dim=1)) for matrix in layers]
        starts = torch.eye(5)[0].repeat(4)
        amounts = starts
        for matrix in reversed(of_clip):
            amounts = (amounts + amounts @ matrix) / 2
        amounts = amounts.unflatten(0, (4, 5))
        assert_close(shares.total[clip], amounts.sum(dim=1))
        assert_close(shares.patches[clip], (amounts / amounts.sum(dim=1, keepdim=True))[:, 1:].unflatten(1, (2, 2)))
        of_last = (starts @ of_clip[-1]).unflatten(0, (4, 5))
        assert_close(last.total[clip], of_last.sum(dim=1))
        assert_close(last.class_token[clip], of_last[:, 0] / of_last.sum(dim=1))
