import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import (
    attention_weights,
    cross_attention_weights,
    weighted_values,
)


def test_weights_computed_by_hand() -> None:
    q, k = torch.tensor([[2.0, 0, 0, 0]]), torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0]])
    e = torch.e  # scores (1, 0) after division by sqrt(4)
    assert_close(attention_weights(q, k), torch.tensor([[e / (e + 1), 1 / (e + 1)]]))
    assert_close(attention_weights(q, k, scale=0.0), torch.tensor([[0.5, 0.5]]))


@pytest.mark.parametrize("masked", ["no", "additive", "boolean"])
def test_it_is_pytorch_s_fused_attention(masked: str) -> None:
    q, k, v = torch.randn(3, 2, 4, 5, 8).unbind(0)
    may = torch.ones(5, 5, dtype=torch.bool).tril()
    mask = {"no": None, "additive": torch.zeros(5, 5).masked_fill(~may, -torch.inf), "boolean": may}[masked]
    expected = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert_close(weighted_values(attention_weights(q, k, mask), v), expected)


@pytest.mark.parametrize("context_width", [16, 24])
def test_cross_attention_is_that_of_pytorch_s_module(context_width: int) -> None:
    module = nn.MultiheadAttention(16, 4, kdim=context_width, vdim=context_width, batch_first=True).eval()
    nn.init.normal_(module.in_proj_bias)
    query, context = torch.randn(2, 3, 16), torch.randn(2, 5, context_width)
    weights, values = cross_attention_weights(module, query, context)
    expected, expected_weights = module(query, context, context, average_attn_weights=False)
    assert_close(weights, expected_weights)
    attended = weighted_values(weights, values).transpose(1, 2).flatten(2)
    assert_close(module.out_proj(attended), expected)
