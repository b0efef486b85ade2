"""Tests of `panels`."""

import numpy as np
import pytest

from zsar.api.drawing.panels import Row, rows_panel
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError

NAMES = ["run", "a very long name of an action that no frame has room for"]


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (1920, 1080), (128, 96), (64, 200)])
@pytest.mark.parametrize("name", NAMES)
def test_a_panel_lies_within_the_frame_and_leaves_its_lower_half_free(size: tuple[int, int], name: str) -> None:
    panel = rows_panel([Row(name, 0.5)] * 30, width_px=size[0], height_px=size[1])
    assert panel is not None
    height, width = panel.rgba.shape[:2]
    assert panel.left_px + width <= size[0]
    assert panel.top_px + height <= size[1] / 2 + 20
    assert {side % 2 for side in (height, width, panel.left_px, panel.top_px)} == {0}


@pytest.mark.parametrize("size", [(33, 17), (16, 400), (400, 16)])
def test_a_frame_without_room_for_text_is_an_error_not_an_unmarked_copy(size: tuple[int, int]) -> None:
    with pytest.raises(TranscodingError, match=f"frames of {size[0]}x{size[1]} px are too small"):
        rows_panel([Row(NAMES[1], 0.5)], width_px=size[0], height_px=size[1])


@pytest.mark.parametrize(
    ("width", "has_bar", "has_number"), [(320, True, True), (128, False, True), (70, False, False)]
)
def test_a_narrow_frame_gives_its_width_to_the_name(width: int, has_bar: bool, has_number: bool) -> None:
    of = [rows_panel([Row(NAMES[1], score, "#FF0000")], width_px=width, height_px=100) for score in (0.0, 0.04, 1.0)]
    none, little, all_of_it = (panel.rgba.astype(int) for panel in of if panel is not None)
    assert ((all_of_it[..., 0] == 255) & (all_of_it[..., 1] == 0)).any() == has_bar
    assert (np.abs(none - little).sum() > 0) == has_number


def test_the_groove_of_a_bar_covers_the_frame_as_the_rest_of_the_panel_does() -> None:
    panel = rows_panel([Row("run", 0.5)], width_px=320, height_px=240)
    assert panel is not None
    assert panel.rgba[..., 3].min() >= 190


def test_a_bar_is_as_long_as_its_score() -> None:
    filled = []
    for score in (0.0, 0.5, 1.0):
        panel = rows_panel([Row("run", score, "#FF0000")], width_px=640, height_px=480)
        assert panel is not None
        filled.append(int((panel.rgba[panel.rgba.shape[0] // 2, :, :3] == (255, 0, 0)).all(axis=1).sum()))
    assert filled[0] <= 1
    assert filled[1] == pytest.approx(filled[2] / 2, abs=2)
    assert filled[2] > 40


@pytest.mark.parametrize("name", ["a\nb", "\n", "", "a\tb", "a\x1b[31m", "a\0b", "\udce9", "a\u2028b", "\r\n" * 9])
def test_any_name_can_be_drawn(name: str) -> None:
    panel, alone = (rows_panel([Row(n, 0.5), Row("b", 0.5)], width_px=320, height_px=240) for n in (name, "b"))
    assert panel is not None
    assert alone is not None
    assert panel.rgba.shape[0] == alone.rgba.shape[0], "a name is one line"


def test_without_rows_there_is_no_panel() -> None:
    assert rows_panel([], width_px=640, height_px=480) is None
