from pathlib import Path

from zsar.lightning_modules.run_folders.prediction_files import prediction_file, prediction_tables


def test_each_file_is_found_as_the_table_of_its_set(tmp_path: Path) -> None:
    written = {name: prediction_file(tmp_path, name) for name in ("predict", "val", "novel")}
    assert [path.name for path in written.values()] == [
        "predictions.csv",
        "predictions_val.csv",
        "predictions_novel.csv",
    ]
    for path in written.values():
        path.touch()
    assert dict(prediction_tables(tmp_path)) == written


def test_the_file_of_earlier_versions_is_read_where_there_is_no_new_one(tmp_path: Path) -> None:
    old, new = tmp_path / "predictions_predict.csv", prediction_file(tmp_path, "predict")
    old.touch()
    assert prediction_tables(tmp_path) == [("predict", old)]
    new.touch()
    assert prediction_tables(tmp_path) == [("predict", new), ("predict", old)]
