from pathlib import Path

from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections.learning_curves import section

NAN = float("nan")


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def titles(html: str) -> list[str]:
    return [part.partition("</figcaption>")[0] for part in html.split("<figcaption>")[1:]]


def test_each_metric_has_a_chart_of_all_runs(tmp_path: Path) -> None:
    metrics = {
        "train/loss": (2.0, 1.0),
        "train/loss_step": (2.5, 0.5),
        "val/top1": (30.0, 60.0),
        "lr-AdamW": (0.1, 0.01),
    }
    made = section([read(write_log(tmp_path / name, metrics)) for name in ("a", "b")])
    assert made is not None
    assert titles(made.html) == ["loss, training", "top-1, held-out clips", "learning rate"]
    assert "step (an epoch has 10)" in made.html
    assert made.summary == "a: the loss went from 2 to 1 in epoch 2; b: the loss went from 2 to 1 in epoch 2."


def test_single_steps_are_drawn_where_no_epoch_was_finished(tmp_path: Path) -> None:
    made = section([read(write_log(tmp_path / "a", {"train/loss_step": (2.5, 0.5)}))])
    assert made is not None
    assert titles(made.html) == ["loss, training"]


def test_counts_and_costs_have_no_curve(tmp_path: Path) -> None:
    metrics = {"val/n_evaluated": (64.0,), "train/damaged_frames": (0.0,), "cost/epoch_seconds": (3.0,)}
    assert section([read(write_log(tmp_path / "a", metrics))]) is None


def test_a_wide_range_has_a_logarithmic_axis(tmp_path: Path) -> None:
    wide, narrow = ({"train/loss": values} for values in ((100.0, 1.0), (2.0, 1.0)))
    charts = [section([read(write_log(tmp_path / name, metrics))]) for name, metrics in (("w", wide), ("n", narrow))]
    assert charts[0] is not None
    assert charts[1] is not None
    assert charts[0].html.count(">10<") > charts[1].html.count(">10<")  # a tick between 1 and 100


def test_a_diverged_training_is_shown_with_a_gap(tmp_path: Path) -> None:
    made = section([read(write_log(tmp_path / "a", {"train/loss": (2.0, NAN)}))])
    assert made is not None
    assert "nan" in made.summary
    assert section([read(write_log(tmp_path / "b", {"train/loss": (NAN, NAN)}))]) is None


def test_a_test_alone_has_no_curves(tmp_path: Path) -> None:
    assert section([read(write_tested_run(tmp_path / "run"))]) is None
