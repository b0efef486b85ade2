from pathlib import Path

from tests.makers.report.pictured_runs import base_to_novel_run, drawn_rows, recognition_run, write_answers
from tests.makers.results.run_folders import PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors.calibration import section


def test_the_figures_of_a_small_table(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9), ("b", "run", "run", 0.8), ("c", "run", "jump", 0.6), ("d", "run", "run", 0.5)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    text = PageElements(made.html).text
    # right 3 of 4; confidence (0.9 + 0.8 + 0.6 + 0.5) / 4; each video has a bin of its own: (0.1 + 0.2 + 0.6 + 0.5) / 4
    assert "atest475.070.035.0" in text.replace("\n", "")
    # without an error: the two most confident, with the shortest threshold above 0.6 and at most 0.8
    assert 'data-key="0.8"' in made.html
    assert 'data-key="50.0"' in made.html
    assert "the model is too modest: confidence 70.0 %, right 75.0 %" in made.summary
    assert made.summary.endswith("with a threshold of 0.8, at most 5 % of the answers are wrong and 50 % are given.")


def test_a_chart_pair_for_each_set_and_a_line_for_each_run(tmp_path: Path) -> None:
    runs = [read_reported_run(base_to_novel_run(tmp_path / name), name) for name in ("a", "b")]
    made = section(runs)
    assert made is not None
    assert made.html.count('role="img"') == 4
    assert made.html.count("AURC") >= 2
    assert PageElements(made.html).tags.count("table") == 1


def test_it_is_the_same_for_many_videos(tmp_path: Path) -> None:
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": drawn_rows(20_000)}), "a")])
    assert made is not None
    assert len(made.html) < 60_000, "curves are thinned"


def test_none_where_nothing_was_decoded_or_labelled(tmp_path: Path) -> None:
    write_answers(tmp_path, "test", [("a", "run", "", None)])
    write_answers(tmp_path, "predict", [("a", "", "run", 0.5)])
    assert section([read_reported_run(tmp_path, "a")]) is None


def test_without_a_wrong_answer_every_answer_is_given(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9), ("b", "run", "run", 0.8)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    assert made.summary.endswith("even without a threshold at most 5 % of the answers are wrong.")
    assert 'data-key="0.0">0.0000' in made.html


def test_thresholds_of_a_model_with_a_bias_are_own_probabilities(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9), ("b", "run", "run", 0.5), ("c", "run", "jump", 0.8), ("d", "run", "run", 0.7)]
    run = recognition_run(tmp_path / "a", {"test": rows})
    plain = section([read_reported_run(run, "a")])
    lines = (run / "predictions_test.csv").read_text().splitlines()
    own = ["own_probability", "0.4", "0.3", "0.2", "0.1"]
    (run / "predictions_test.csv").write_text("\n".join(map(",".join, zip(lines, own, strict=True))))
    made = section([read_reported_run(run, "a")])
    assert plain is not None
    assert made is not None
    assert 'data-key="0.9"' in plain.html  # only the first is above the wrong one
    assert 'data-key="0.3"' in made.html  # the first two are
    assert "with a threshold of 0.3 for the own probability, at most 5 %" in made.summary
    for both in ("confidence 72.5 %, right 75.0 %",):
        assert both in plain.summary
        assert both in made.summary
    assert "Of models with a logit bias" in made.html
    assert "logit bias" not in plain.html
