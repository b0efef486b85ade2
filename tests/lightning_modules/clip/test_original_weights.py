import copy

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.clip.original_weights import OriginalWeights


def tuned(*, keeps: bool = True) -> tuple[torch.nn.Linear, OriginalWeights]:
    """A layer of weights 1 that were 0; its bias is not trained."""
    layer = torch.nn.Linear(2, 2)
    torch.nn.init.zeros_(layer.weight)
    layer.bias.requires_grad_(False)
    original = OriginalWeights(layer, keeps=keeps)
    torch.nn.init.ones_(layer.weight)
    return layer, original


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_within_it_the_weights_lie_between_and_afterwards_they_are_the_same_to_the_bit(share: float) -> None:
    layer, original = tuned()
    torch.nn.init.normal_(layer.weight)
    before, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    with original.mixed(share):
        assert_close(layer.weight.detach(), (1 - share) * before)
    assert torch.equal(layer.weight, before)
    assert torch.equal(layer.bias, bias)


def test_only_what_is_trained_is_kept_and_only_where_it_is_needed() -> None:
    _, original = tuned()
    assert original.values.keys() == original.parameters.keys() == {"weight"}
    assert torch.equal(original.values["weight"], torch.zeros(2, 2))
    assert tuned(keeps=False)[1].values == {}


def test_the_originals_of_a_copy_move_the_copy() -> None:
    layer, original = tuned()
    other_layer, other = copy.deepcopy((layer, original))
    other.mix(1.0)
    assert torch.equal(other_layer.weight, torch.zeros(2, 2))
    assert torch.equal(layer.weight, torch.ones(2, 2))
