from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from tests.makers.results.attention_rows import LAYOUT, row, shares
from zsar.callbacks.pictures.attention.attention_figure import (
    MapRow,
    draw_attention,
    enlarged,
    map_rows,
    map_title,
    under_heat,
)
from zsar.callbacks.pictures.attention.observed_video import AttentionMap, ObservedVideo
from zsar.callbacks.pictures.attention.token_shares import TokenShares, token_shares
from zsar.callbacks.pictures.figures import save_figure


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_a_cold_frame_stays_grey_and_a_hot_one_takes_colour() -> None:
    frame = torch.full((3, 8, 8), 128, dtype=torch.uint8)
    cold, hot = under_heat(frame, torch.zeros(2, 2)), under_heat(frame, torch.ones(2, 2))
    assert cold.shape == hot.shape == enlarged(frame).shape
    assert cold.shape[0] >= 192
    assert np.ptp(cold, axis=2).max() < 0.05
    assert np.ptp(hot, axis=2).max() > 0.2


def test_heat_lies_where_its_patch_is() -> None:
    heat = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    image = under_heat(torch.zeros(3, 200, 300, dtype=torch.uint8), heat).sum(axis=2)
    quarters = [image[:50, :75].mean(), image[:50, 225:].mean(), image[150:, :75].mean(), image[150:, 225:].mean()]
    assert max(quarters) == quarters[1] > 5 * max(quarters[0], quarters[2], quarters[3], 0.01)


def test_rows_are_map_by_map_and_models_within() -> None:
    def video(label: int) -> ObservedVideo:
        maps = (AttentionMap("last", None, (shares(2),)), AttentionMap("gradient", label, (shares(2),)))
        return ObservedVideo(LAYOUT, maps, {}, torch.tensor([0.25, 0.75]))

    rows = map_rows({"CLIP": video(1), "T2L": video(1)}, ("run", "swim"))
    assert [(r.model, r.title, r.divided) for r in rows] == [
        ("CLIP", "last block", None),
        ("T2L", "last block", None),
        ("CLIP", "gradient for swim", "relevance"),
        ("T2L", "gradient for swim", "relevance"),
    ]
    assert rows[0].says == "predicts swim (0.75)"
    assert map_title(AttentionMap("rollout", None, ()), ()) == "rollout of all blocks"


def test_the_colours_of_a_row_end_at_its_hottest_patches() -> None:
    patches = torch.zeros(2, 2, 2)
    patches[0, 0, 0] = 0.5
    none = torch.zeros(2)
    one = MapRow("m", "", "", TokenShares(patches, none, none, none, none), "relevance")
    assert 0 < one.limit <= 0.5
    nothing = MapRow("m", "", "", TokenShares(0 * patches, none, none, none, none), "relevance")
    assert nothing.limit == 1.0
    assert nothing.frame_shares.tolist() == [0, 0]


def test_each_frame_of_the_picture_is_under_its_own_heat() -> None:
    """Black frames, of which only the second of three has heat."""
    patches, none = torch.zeros(3, 2, 2), torch.zeros(3)
    patches[1] = 0.25
    row_of = MapRow("m", "", "", TokenShares(patches, none, none, none, none), None)
    figure = draw_attention([row_of], torch.zeros(3, 3, 8, 8, dtype=torch.uint8), title="t", lines=[])
    shown = np.asarray(figure.axes[1].images[0].get_array())[..., 0]  # of the row; the first axes have the frames
    thirds = [part[:, 20:-20].mean() for part in np.array_split(shown, 3, axis=1)]
    assert thirds[1] > 0.5 > 0.05 > max(thirds[0], thirds[2])


def test_a_label_says_where_the_colours_end_not_what_the_hottest_patch_has() -> None:
    """Of 100 patches with 0.2 and one with 0.9, the 99th percentile is 0.2."""
    patches = torch.cat([torch.full((100,), 0.2), torch.tensor([0.9])]).reshape(1, 1, 101)
    row_of = MapRow("m", "", "", TokenShares(patches, *(torch.zeros(1),) * 4), None)
    figure = draw_attention([row_of], torch.zeros(1, 3, 8, 8, dtype=torch.uint8), title="t", lines=[])
    assert [text for text in texts(figure) if "in one patch" in text] == ["colours end at 20 % in one patch"]


def test_the_parts_of_a_row_are_said() -> None:
    one = token_shares(torch.tensor([[1.0, 1, 1, 1, 1, 5]]), LAYOUT)
    assert MapRow("m", "", "", one, None).where == "patches 40 %, class token 10 %, temporal token 50 %"


@pytest.mark.parametrize("n_frames", [1, 3, 20])
def test_at_most_eight_frames_are_shown_with_their_numbers(n_frames: int) -> None:
    frames = torch.zeros(n_frames, 3, 32, 32, dtype=torch.uint8)
    figure = draw_attention([row(n_frames)], frames, title="t", lines=["l"])
    numbers = [text for text in texts(figure) if text.endswith(f" of {n_frames}")]
    assert len(numbers) == min(n_frames, 8)
    assert (numbers[0], numbers[-1]) == (f"1 of {n_frames}", f"{n_frames} of {n_frames}")


def test_relevance_of_frames_is_written_and_sums_to_all() -> None:
    figure = draw_attention(
        [row(4, divided="relevance")], torch.zeros(4, 3, 32, 32, dtype=torch.uint8), title="t", lines=[]
    )
    parts = [int(text.split()[0]) for text in texts(figure) if text.endswith("of relevance")]
    assert parts == [25] * 4


@pytest.mark.parametrize("size", [(32, 32), (24, 64), (64, 24)])
def test_long_and_odd_names_are_drawn_within_the_page(tmp_path: Path, size: tuple[int, int]) -> None:
    odd = "<script>$x$</script> 滑雪 " + 30 * "long "
    rows = [row(title=f"gradient for {odd}", model=odd, divided="relevance"), row()]
    frames: Tensor = torch.randint(256, (3, 3, *size), dtype=torch.uint8)
    figure = draw_attention(rows, frames, title=odd, lines=[odd])
    save_figure(figure, tmp_path / "a.png", dots_per_inch=50)
    width, height = figure.get_size_inches().tolist()
    assert width * 50 < 600
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.texts:
        box = text.get_window_extent(renderer)
        assert box.x1 <= width * figure.dpi + 1
        assert box.y0 >= 0
        assert box.y1 <= height * figure.dpi + 1
