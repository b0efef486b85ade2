from pathlib import Path

from tests.makers.command_line.runs_on_disk import config_of, write_results
from zsar.lightning_modules.run_folders.run_folder import results_in
from zsar.lightning_modules.run_folders.written_files import (
    REPORT_BEGINS,
    REPORT_FILE,
    remove,
    written_by_test,
    written_by_training,
)


def test_each_file_belongs_to_one_stage_and_the_user_s_to_none(tmp_path: Path) -> None:
    (tmp_path / "predictions_mine.csv").write_text("a,b\n")
    for stage in ("test", "validate", "predict"):
        write_results(tmp_path, stage, weights=None, config=config_of(tmp_path))
    (tmp_path / "predictions_predict.csv").write_text("video,path,label,prediction\n")  # of an earlier version
    for name in ("detections.json", "detections_predict.json"):
        (tmp_path / name).touch()
    written = {stage: {path.name for path in written_by_test(tmp_path, stage)} for stage in results_in(tmp_path)}
    assert written == {
        "test": {"results.json", "predictions_base.csv", "detections.json"},
        "validate": {"results_validate.json", "predictions_val.csv"},
        "predict": {
            *("results_predict.json", "detections_predict.json"),
            *("predictions.csv", "predictions_predict.csv"),
        },
    }
    remove(written_by_training(tmp_path), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["predictions_mine.csv"]


def test_a_report_goes_with_the_results_that_it_shows_and_another_page_stays(tmp_path: Path) -> None:
    page = tmp_path / REPORT_FILE
    page.write_text(f"{REPORT_BEGINS} ... -->")
    assert written_by_test(tmp_path, "test") == [page]
    page.write_text("<!DOCTYPE html>\n<p>the user's")
    assert written_by_test(tmp_path, "test") == []
