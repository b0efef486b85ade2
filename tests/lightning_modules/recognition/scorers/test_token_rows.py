import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings, token_embeddings, token_rows


def test_a_hand_computed_row() -> None:
    embedded = torch.tensor([[3.0, 4.0], [0.0, 2.0], [-5.0, 0.0]])  # a prompt, and its two positions
    row = token_rows(embedded)
    assert_close(row, torch.tensor([0.6, 0.8, 0.0, 1.0, -1.0, 0.0]))
    assert_close(end_embeddings(row, 2), torch.tensor([0.6, 0.8]))
    assert_close(token_embeddings(row, 2), torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))


@pytest.mark.parametrize("before", [(), (3,), (2, 3, 4)])
def test_parts_of_rows_are_the_normalized_embeddings(before: tuple[int, ...]) -> None:
    embedded = torch.randn(*before, 1 + 5, 4)
    rows = token_rows(embedded)
    assert rows.shape == (*before, 24)
    parts = torch.cat([end_embeddings(rows, 4)[..., None, :], token_embeddings(rows, 4)], dim=-2)
    assert_close(parts, embedded / embedded.norm(dim=-1, keepdim=True))


def test_embeddings_without_positions_are_themselves() -> None:
    embeddings = torch.randn(3, 1, 4)
    assert torch.equal(end_embeddings(embeddings, 4), embeddings)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_rows_have_at_least_single_precision(given: torch.dtype, expected: torch.dtype) -> None:
    assert token_rows(torch.randn(2, 3, 4).to(given)).dtype == expected
