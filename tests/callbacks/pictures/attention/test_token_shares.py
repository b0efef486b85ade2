import pytest
import torch

from zsar.callbacks.pictures.attention.token_shares import rounded, token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout


def test_amounts_are_divided_among_the_tokens_of_a_frame() -> None:
    """A class token, two registers, 1 x 2 patches, and the temporal tokens."""
    shares = token_shares(torch.tensor([[1.0, 2, 2, 1, 3, 1]]), TokenLayout(1, 2, (1, 2), "token"))
    assert shares.to_dict() == {
        "patches": [[[0.1, 0.3]]],
        "patch_share": [pytest.approx(0.4)],
        "class_token_share": [0.1],
        "register_share": [pytest.approx(0.4)],
        "temporal_token_share": [0.1],
        "total": [10.0],
    }


def test_nothing_is_divided_without_an_error() -> None:
    shares = token_shares(torch.zeros(2, 6), TokenLayout(1, 0, (2, 2), "token"))
    assert shares.total.tolist() == [0, 0]
    assert shares.patches.tolist() == [[[0, 0], [0, 0]]] * 2


def test_small_numbers_keep_their_digits() -> None:
    assert rounded(torch.tensor([[1.23456789e-7, 0.5]])) == [[1.234568e-07, 0.5]]
