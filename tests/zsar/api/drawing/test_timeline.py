"""Tests of `timeline`."""

from types import SimpleNamespace

from zsar.api.drawing.timeline import Timeline


def test_a_segment_and_the_playhead_are_where_their_times_are() -> None:
    segment = SimpleNamespace(start_seconds=2.0, end_seconds=5.0, class_name="a", score=0.5)
    patch = Timeline([segment], {"a": "#FF0000"}, duration_seconds=10.0, width_px=200, height_px=100).at(8.0)
    row = patch.rgba[patch.rgba.shape[0] // 2, :, :3]
    assert (row[40:100] == (255, 0, 0)).all()
    assert not (row[:40] == (255, 0, 0)).all(axis=1).any()
    assert (row[160:162] == 255).all()
    assert patch.top_px + patch.rgba.shape[0] == 100
