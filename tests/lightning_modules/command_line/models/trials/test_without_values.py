"""Tensors with and without values together."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from zsar.lightning_modules.command_line.models.trials.without_values import ValuesGiveWay


def test_values_stay_where_they_meet_only_values() -> None:
    with ValuesGiveWay():
        tokens = torch.tensor([[3, 9, 0], [9, 0, 0]])
        assert int(tokens.argmax(dim=1).max()) == 1


def test_values_give_way_to_a_tensor_without() -> None:
    weight = torch.empty(10, 4, device="meta")
    with ValuesGiveWay():
        embedded = nn.functional.embedding(torch.tensor([[1, 2, 3]]), weight)
        masked = embedded + torch.zeros(3, 4)
        read = masked[torch.arange(1), torch.tensor([2])]
    assert embedded.is_meta
    assert masked.is_meta
    assert read.is_meta
    assert (embedded.shape, masked.shape, read.shape) == ((1, 3, 4), (1, 3, 4), (1, 4))


def test_what_is_looked_up_is_what_is_computed() -> None:
    """Sizes, strides and types of a tower's steps, the second time as the first."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True, device="meta")
    x = torch.empty(2, 5, 8, device="meta")
    plain = layer(x)
    with ValuesGiveWay() as mode:
        first, second = layer(x), layer(x)
        half, transposed = layer(x).half() + 1, x.transpose(1, 2) + 0
        again = x.transpose(1, 2) + 0
    assert mode._made
    assert first.shape == second.shape == plain.shape
    assert first.stride() == second.stride() == plain.stride()
    assert half.dtype == torch.float16
    assert transposed.stride() == again.stride() == (x.transpose(1, 2) + 0).stride()


def test_what_changes_its_input_or_shows_a_part_of_it_is_not_looked_up() -> None:
    x = torch.empty(2, 3, device="meta")
    with ValuesGiveWay() as mode:
        view = x.view(3, 2)
        x.add_(1)
    assert view._base is x
    assert mode._made == {}


def test_gradients_flow_and_operations_are_counted_as_without_it() -> None:
    layers = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)).to("meta")
    with ValuesGiveWay(), FlopCounterMode(display=False) as counter:
        layers(torch.zeros(3, 8)).sum().backward()
    assert layers[0].weight.grad is not None
    assert layers[0].weight.grad.shape == (8, 8)
    forward, backward = 2 * 2 * 3 * 8 * 8, 3 * 2 * 3 * 8 * 8  # the first layer's input needs no gradient
    assert counter.get_total_flops() == forward + backward
