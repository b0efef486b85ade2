from pathlib import Path

import pytest

from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.found_runs import check_folder, is_run_folder, names_of, runs_within


def test_runs_are_found_at_any_depth_and_in_order(tmp_path: Path) -> None:
    for name in ("b/seed1", "b/seed0", "a"):
        write_tested_run(tmp_path / name)
    write_log(tmp_path / "a" / "fold2")  # a run within the folder of another
    assert [path.relative_to(tmp_path).as_posix() for path in runs_within(tmp_path)] == [
        "a",
        "a/fold2",
        "b/seed0",
        "b/seed1",
    ]


@pytest.mark.parametrize(
    "made", ["csv/fit/metrics.csv", "checkpoints/last.ckpt", "predictions_test.csv", "results.json"]
)
def test_a_run_is_known_by_what_it_left(tmp_path: Path, made: str) -> None:
    assert not is_run_folder(tmp_path)
    (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / made).write_text("broken")
    assert is_run_folder(tmp_path)


def test_a_summary_of_runs_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"t2l": {"base": 98.7, "n_runs": 3}}')
    assert not is_run_folder(tmp_path)


def test_a_folder_without_runs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    with pytest.raises(ValueError, match=r"holds no run: .* give a --run_dir"):
        runs_within(tmp_path)


def test_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file, not a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(ValueError, match="does not exist"):
        check_folder(tmp_path / "none")


def test_links_are_not_followed(tmp_path: Path) -> None:
    write_tested_run(tmp_path / "a")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    assert runs_within(tmp_path) == [tmp_path / "a"]


def test_names_have_as_many_parents_as_tell_them_apart() -> None:
    assert names_of([Path("/x/t2l/seed0"), Path("/x/clip/seed0"), Path("/x/other")]) == [
        "t2l/seed0",
        "clip/seed0",
        "other",
    ]
