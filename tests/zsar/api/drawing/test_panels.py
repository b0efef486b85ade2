"""Tests of `panels`."""

import pytest

from zsar.api.drawing.panels import Row, rows_panel


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (1920, 1080), (64, 200), (33, 17)])
@pytest.mark.parametrize("name", ["run", "a very long name of an action that no frame has room for"])
def test_a_panel_lies_within_the_frame_and_leaves_its_lower_half_free(size: tuple[int, int], name: str) -> None:
    panel = rows_panel([Row(name, 0.5)] * 30, width_px=size[0], height_px=size[1])
    if panel is None:
        assert min(size) < 100, "large enough for a line"
        return
    height, width = panel.rgba.shape[:2]
    assert panel.left_px + width <= size[0]
    assert panel.top_px + height <= size[1] / 2 + 20
    assert {side % 2 for side in (height, width, panel.left_px, panel.top_px)} == {0}


def test_a_bar_is_as_long_as_its_score() -> None:
    filled = []
    for score in (0.0, 0.5, 1.0):
        panel = rows_panel([Row("run", score, "#FF0000")], width_px=640, height_px=480)
        assert panel is not None
        filled.append(int((panel.rgba[panel.rgba.shape[0] // 2, :, :3] == (255, 0, 0)).all(axis=1).sum()))
    assert filled[0] <= 1
    assert filled[1] == pytest.approx(filled[2] / 2, abs=2)
    assert filled[2] > 40


def test_without_rows_there_is_no_panel() -> None:
    assert rows_panel([], width_px=640, height_px=480) is None
