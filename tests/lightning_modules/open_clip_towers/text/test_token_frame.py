"""Tests of `token_frame`."""

from zsar.lightning_modules.open_clip_towers.text.token_frame import TokenFrame


def test_its_length_is_what_stands_before_and_behind_a_text() -> None:
    assert len(TokenFrame((1,), (2, 3), padding=0, keeps_marks=True)) == 3
    assert len(TokenFrame((), (2,), padding=2, keeps_marks=False)) == 1
