import pytest
import torch

from zsar.callbacks.pictures.attention.attention_figure import MapRow
from zsar.callbacks.pictures.attention.attention_words import (
    attention_in_words,
    frames_in_words,
    place_of,
    spotted_in_words,
)
from zsar.callbacks.pictures.attention.token_shares import token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout


@pytest.mark.parametrize(
    ("index", "grid", "place"),
    [(0, (3, 3), "upper left"), (4, (3, 3), "middle centre"), (11, (3, 4), "lower right"), (0, (1, 1), "upper left")],
)
def test_places_are_thirds_of_a_frame(index: int, grid: tuple[int, int], place: str) -> None:
    assert place_of(index, grid) == place


def test_the_hottest_patch_is_named() -> None:
    amounts = torch.ones(2, 11)
    amounts[1, 9] = 5  # the last of 3 x 3 patches, after the class token
    shares = token_shares(amounts, TokenLayout(1, 0, (3, 3), "token"))
    said = attention_in_words([MapRow("T2L", "", "last block", shares, None)], "a.mp4")
    assert said.startswith("Frames of a.mp4 under heat maps of what models attend to. T2L, last block: patches ")
    assert said.endswith("the hottest patch is in frame 2, lower right.")


def test_a_map_without_relevance_says_so() -> None:
    shares = token_shares(torch.zeros(1, 6), TokenLayout(1, 0, (2, 2), "token"))
    assert "no patch has any" in attention_in_words([MapRow("m", "", "t", shares, "relevance")], "a")


def test_the_attention_between_frames_is_summed_up() -> None:
    weights = torch.tensor([[0.5, 0.5], [0.1, 0.9]])
    said = frames_in_words({1: weights}, "T2L", "a.mp4")
    assert said.endswith("layer 2: 70 % to itself, most to frame 2 (70 %).")


def test_what_frames_count_for_a_class_is_said_of_the_first_view() -> None:
    spotted = {1: torch.tensor([[0.25, 0.75], [0.5, 0.5]]), 0: torch.tensor([[1.0, 0.0], [0.5, 0.5]])}
    assert spotted_in_words(spotted, ("run", "swim"), "BIKE") == [
        "BIKE, weight of the frames for swim: 25 % 75 %",
        "BIKE, weight of the frames for run: 100 % 0 %",
    ]
