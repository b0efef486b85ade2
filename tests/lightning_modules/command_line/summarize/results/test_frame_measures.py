"""How much frames differ, as results.json has it: by hand."""

import pytest

from zsar.lightning_modules.command_line.summarize.results.frame_measures import frame_measures, in_words, mean_measures


def test_measures_are_those_that_every_set_has() -> None:
    sets = {"base": {"top1": 50.0, "frame_spread": 0.2, "frame_diversity": 1}, "novel": {"frame_spread": 0.4}}
    assert frame_measures({"sets": sets}) == {"frame_spread": {"base": 0.2, "novel": 0.4}}
    assert frame_measures({"sets": {"test": {"top1": 50.0}}}) == {}


def test_mean_and_deviation_are_over_runs() -> None:
    runs = [{"frame_spread": {"test": value}} for value in (0.1, 0.3)]
    measured = mean_measures(runs)["frame_spread"]["test"]
    assert (measured["mean"], measured["std"]) == (pytest.approx(0.2), pytest.approx(0.1 * 2**0.5))
    assert in_words(measured) == "0.200 ± 0.141"
    assert in_words(mean_measures(runs[:1])["frame_spread"]["test"]) == "0.100"
    assert mean_measures([*runs, {}]) == {}, "a run was tested without"
