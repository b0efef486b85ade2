import pytest

from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"short_side_px": 15}, "short side"),
        ({"short_side_px": 17}, "even"),
        ({"keyframe_every": 0}, "keyframe_every"),
        ({"crf": 52}, "crf"),
        ({"crf": -1}, "crf"),
    ],
)
def test_settings_out_of_range_are_named(wrong: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PreparingSettings(**wrong)
