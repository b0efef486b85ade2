import pytest

from tests.makers.source_tree import ROOT
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--adaptation", "tpt", "--embeddings", "e"], "--adaptation tpt tunes on views of videos"),
        (["a.mp4", "--adaptation", "tpt", "--clips", "2"], "--clips 2: with --adaptation tpt"),
        (["a.mp4", "--seed", "2"], "--seed 2 is for --adaptation, which is not given"),
    ],
)
def test_options_that_an_adaptation_decides_are_errors(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        COMMAND.parse(arguments)


def test_the_help_lists_every_shipped_adaptation_that_needs_no_other_videos() -> None:
    shown = " ".join(COMMAND.parser().format_help().split())
    names = {path.stem for path in (ROOT / "configs" / "adaptation").glob("*.yaml")}
    assert f"on views of it: {', '.join(sorted(names - {'tda', 'dmn'}))}, or a YAML file" in shown
