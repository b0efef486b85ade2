from pathlib import Path

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import described, write_result, write_several_labels
from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections.results import precisions_table, section, sets_table


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def test_figures_stand_beside_published_ones(tmp_path: Path) -> None:
    folder = write_result(
        tmp_path / "t2l", {"test": 53.1}, data=described("hmdb51"), trained_on=described("kinetics400")
    )
    made = section([read(folder)])
    assert made is not None
    assert "published figures are beside them" in made.summary
    assert "t2l beside published figures" in made.html
    assert "<strong>52.9</strong>" in made.html  # of the same method


def test_data_without_published_figures_is_said(tmp_path: Path) -> None:
    made = section([read(write_result(tmp_path / "run", {"test": 50.0}, data=described("my_videos")))])
    assert made is not None
    assert made.summary.startswith("The papers report no figures")


def test_each_set_has_its_figures_and_counts(tmp_path: Path) -> None:
    html = sets_table(read(write_tested_run(tmp_path / "run")), named=False)
    assert html is not None
    assert "Sets of the test; accuracies and mAP in percent" in html
    row = html[html.index("<td>base</td>") :].partition("</tr>")[0]
    assert [cell.partition("<")[0] for cell in row.split(">") if cell[:1].isdigit()] == ["60.0", "100.0", "4", "4", "0"]


def test_localization_has_a_column_for_each_threshold(tmp_path: Path) -> None:
    html = sets_table(read(write_localization(tmp_path / "run")), named=True)
    assert html is not None
    assert "mAP 0.5" in html
    assert "Sets of the test of run" in html


def test_a_training_alone_has_no_results(tmp_path: Path) -> None:
    assert section([read(write_log(tmp_path / "fit"))]) is None


def test_videos_of_several_labels_have_the_average_precision_of_each_class(tmp_path: Path) -> None:
    made = section([read(write_several_labels(tmp_path / "run", 30.0))])
    assert made is not None
    assert "mAP over classes" in made.html
    rows = made.html[made.html.index("Classes of the test") :]
    assert [name for name in ("wave", "sit", "jump") if f"<td>{name}</td>" in rows] == ["wave", "sit", "jump"]
    assert "29.0" in rows
    assert precisions_table(read(write_tested_run(tmp_path / "one")), named=False) is None
