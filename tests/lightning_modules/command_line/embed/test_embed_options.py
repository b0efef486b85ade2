from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.embed.embed_options import COMMAND


def test_settings_of_a_data_set_are_left_to_it() -> None:
    parsed = COMMAND.parse(["--data", "UCF101", "--output", "out", "--data.clips.n-frames=4"])
    assert parsed.data_arguments == ("--data", "UCF101", "--data.clips.n_frames", "4")
    assert parsed.output == Path("out")


def test_both_spellings_and_the_defaults() -> None:
    parsed = COMMAND.parse(["clips", "--output", "out", "--stride-seconds", "0.5"])
    assert parsed.videos == (Path("clips"),)
    assert parsed.frames.stride_seconds == 0.5
    assert parsed.data_arguments == ()
    assert parsed.dtype == "fp16"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "give video files, folders or patterns, or a data set"),
        (["a.mp4", "--data", "UCF101"], "videos or a data set, not both"),
        (["--data", "UCF101", "--frames", "4"], "are for given videos"),
        (["a.mp4", "--stage", "predict"], "is for a data set"),
        (["a.mp4", "--geometry", "crop"], "is for --stride_seconds"),
        (["a.mp4", "--stride_seconds", "1", "--frame_geometry", "crop"], "give --geometry crop instead"),
        (["a.mp4", "--stride_seconds", "1", "--clips", "2"], "leave one of them out"),
    ],
)
def test_options_without_effect_are_errors(arguments: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        COMMAND.parse([*arguments, "--output", "out"])
