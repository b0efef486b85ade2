import pytest

from zsar.lightning_modules.command_line.classify.classify_options import COMMAND


def test_the_defaults_are_those_of_the_help() -> None:
    options = COMMAND.parse(["a.mp4", "b", "--classes", "surfing, swimming"])
    assert (options.videos, options.text.classes) == (("a.mp4", "b"), "surfing, swimming")
    assert (options.model.architecture, options.model.frames, options.model.clips) == (None, None, 1)
    assert (options.printed.top_k, options.printed.threshold, options.damage.on_damage) == (5, 0.0, "raise")


@pytest.mark.parametrize("wrong", [["--clips", "0"], ["--threshold", "1.5"], ["--threshold", "-0.1"], ["--top-k", "0"]])
def test_numbers_have_limits(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match=f"{wrong[0].replace('-', '_').replace('__', '--')} must be at "):
        COMMAND.parse(["a.mp4", *wrong])
