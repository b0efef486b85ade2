import json
from pathlib import Path

from tests.makers.results.localization_results import write_localization
from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections.origin import facts_of, section


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def test_what_made_a_figure_is_named(tmp_path: Path) -> None:
    facts = {fact[:2]: fact[2] for fact in facts_of(read(write_tested_run(tmp_path / "run", seed=3)))}
    assert facts["Data", "data set"] == "ucf101"
    assert facts["Data", "videos of base, novel"] == "4 in videos"
    assert facts["Class text", "of base, novel"] == "descriptions: ours.json, 2 classes"
    assert facts["Class text", "hash of base"] == "text base"
    assert facts["Weights", "CLIP's weights"] == "openai"
    assert facts["Code and machine", "seed"] == "3"
    assert facts["Code and machine", "code"] == "0123456789ab"


def test_a_mean_of_epochs_is_told(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    result = json.loads((folder / "results.json").read_text())
    mean = {"first_epoch": 2, "last_epoch": 22, "weighting": "uniform", "mu": None, "sigma": None}
    result["training"] = {**(result.get("training") or {}), "mean_of_epochs": mean}
    (folder / "results.json").write_text(json.dumps(result))
    facts = {fact[:2]: fact[2] for fact in facts_of(read(folder))}
    assert (facts["Weights", "mean of epochs: first"], facts["Weights", "mean of epochs: last"]) == ("2", "22")
    assert ("Weights", "mean of epochs: mu") not in facts


def test_sets_of_one_kind_share_a_line(tmp_path: Path) -> None:
    facts = {fact[:2]: fact[2] for fact in facts_of(read(write_localization(tmp_path / "run")))}
    assert facts["Data", "videos of split_0, split_1"] == "8"


def test_runs_are_shown_by_what_differs_and_what_is_the_same(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / name, seed=n)) for n, name in enumerate(("a", "b"))]
    made = section(runs)
    assert made is not None
    table, _, shared = made.html.partition("The same for all")
    assert "<td>seed</td><td>0</td><td>1</td>" in table
    assert "0123456789ab" in shared
    assert "0123456789ab" not in table


def test_runs_that_agree_in_all_are_said_to(tmp_path: Path) -> None:
    made = section([read(write_tested_run(tmp_path / name)) for name in ("a", "b")])
    assert made is not None
    assert "All is the same" in made.html


def test_a_training_alone_has_no_section(tmp_path: Path) -> None:
    assert section([read(write_log(tmp_path / "fit"))]) is None
