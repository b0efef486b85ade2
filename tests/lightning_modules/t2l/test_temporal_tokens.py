import math

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.t2l.temporal_tokens import TemporalTokens, TokenLayers, layers_with_tokens


@pytest.mark.parametrize(
    ("choice", "layers"),
    [("all", (0, 1, 2, 3)), ("first", (0,)), ("none", ()), ([3, 1], (1, 3)), ([0], (0,)), ([0, 1, 2, 3], (0, 1, 2, 3))],
)
def test_layers_with_tokens(choice: TokenLayers, layers: tuple[int, ...]) -> None:
    assert layers_with_tokens(choice, 4) == layers


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ([4], "lists layer 4, but the tower has the layers 0 to 3"),
        ([-1], "lists layer -1"),
        ([1, 1], r"is \[1, 1\]; list each layer once"),
        ([], r"is \[\]; list each layer once, or give none"),
        ("last", "is 'last'; give all, first, none, or a list"),
        (True, "is True; give all, first, none, or a list"),
    ],
)
def test_other_layers_are_an_error(choice: TokenLayers, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layers_with_tokens(choice, 4)


def test_each_layer_has_its_own_tokens_and_the_others_have_none() -> None:
    module = TemporalTokens((1, 3), 2, 4).eval()
    assert module.tokens.shape == (2, 2, 4)
    nothing = torch.zeros(1, 2, 4)
    assert_close(module(3, nothing)[0], module.tokens[1])
    with pytest.raises(ValueError, match="not in tuple"):
        module(0, nothing)


def test_tokens_are_added_to_frame_means() -> None:
    module = TemporalTokens((0, 1), 3, 4).eval()
    means = torch.randn(5, 3, 4)
    assert_close(module(1, means), means + module.tokens[1])


def test_initial_bound_of_the_authors() -> None:
    bound = math.sqrt(6 / (3 * 16 * 16 + 768))
    values = TemporalTokens(range(12), 8, 768).tokens
    assert values.shape == (12, 8, 768)
    assert values.abs().max() <= bound
    assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_normal_initialization_has_the_given_width() -> None:
    assert TemporalTokens(range(12), 8, 768, standard_deviation=0.5).tokens.std().item() == pytest.approx(0.5, rel=0.02)


def test_dropout_is_alike_for_all_videos() -> None:
    module = TemporalTokens((0,), 8, 64, dropout=0.5, standard_deviation=1.0).train()
    out = module(0, torch.zeros(3, 8, 64))
    assert_close(out[0], out[1])
    assert 0.3 < (out[0] == 0).float().mean() < 0.7


def test_another_number_of_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="tokens for 8 frames, but the clip has 16.*interpolate_temporal_tokens"):
        TemporalTokens((0,), 8, 4)(0, torch.zeros(1, 16, 4))


def test_interpolation_keeps_first_and_last_token_and_halves_between() -> None:
    module = TemporalTokens((0,), 2, 4, interpolate=True).eval()
    out = module(0, torch.zeros(1, 3, 4))[0]
    first, last = module.tokens[0]
    assert_close(out, torch.stack([first, (first + last) / 2, last]))


@pytest.mark.parametrize(("arguments", "message"), [(((0,), 0, 4), "n_frames=0"), (((0,), 8, 4), "positive; got -1")])
def test_impossible_arguments_are_refused(arguments: tuple[tuple[int, ...], int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TemporalTokens(*arguments, standard_deviation=-1.0)
