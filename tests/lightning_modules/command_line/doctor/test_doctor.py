import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.makers import miniatures as miniature
from tests.makers.source_tree import SHARED
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Split
from zsar.lightning_modules.command_line.cli import main

ROOT = Path(__file__).parents[4]


@pytest.fixture
def doctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command on data below `tmp_path`, in this process; gives the status, what is printed, and the report."""

    def run(*arguments: object, root: Path = tmp_path) -> tuple[int, str, dict[str, Any]]:
        output = tmp_path / "doctor"
        fixed = ["--data.data_root", root, "--output", output, "--n_workers", 0]
        status = main(["doctor", *map(str, (*arguments, *fixed))])
        return status, capsys.readouterr().out, json.loads((output / "report.json").read_text())

    return run


def severities(report: dict[str, Any], check: str) -> dict[str, str]:
    return {f["set_name"]: f["severity"] for f in report["findings"] if f["check"] == check}


def bad_videos(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "doctor/bad_videos.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def corrupt(path: Path) -> str:
    """Cuts a file short; gives the name by which data modules know it."""
    path.write_bytes(path.read_bytes()[:100])
    return path.stem


def with_ucf101(make: Callable[[Path, miniature.Truth], object]) -> Callable[[Path], None]:
    return lambda root: make(root, miniature.make_ucf101(root)) and None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (miniature.make_ucf101, ["UCF101", "--data.split.fold", "2"]),
        (miniature.make_hmdb51, ["HMDB51"]),
        (miniature.make_kinetics400, ["Kinetics400", "--data.split.held_out_fraction", "0.5"]),
        (miniature.make_kinetics600, ["Kinetics600"]),
        (miniature.make_ssv2, ["configs/data/ssv2.yaml"]),
        (miniature.make_activitynet, ["ActivityNet", "--data.split.held_out_fraction", "0"]),
        (miniature.make_activitynet, ["ActivityNet", "--data.units=instances", "--data.split.held_out_fraction", "0"]),
        (miniature.make_thumos14, ["THUMOS14"]),
        (miniature.make_ucf101_ds, ["UCF101DS"]),
        (with_ucf101(miniature.make_perturbed), ["UCF101P", "--data.perturbation=gaussian_noise", "--data.severity=3"]),
        (with_ucf101(miniature.make_occluded), ["UCF101O"]),
    ],
)
def test_a_miniature_of_each_official_format_is_sound(
    make: Callable[[Path], object], arguments: list[str], doctor: Any, tmp_path: Path
) -> None:
    make(tmp_path)
    may_warn = ("counts", "short videos")  # there are fewer videos, and shorter ones, than in the wild
    status, printed, report = doctor("--data", *arguments)
    assert status == 0, printed
    assert {f["severity"] for f in report["findings"] if f["check"] not in may_warn} <= {"ok", "skipped"}
    assert severities(report, "frames").keys() >= severities(report, "overlap").keys() & {"test"}
    assert report["decoding"]["n_new"] > 0
    assert bad_videos(tmp_path) == []


def test_many_perturbations_are_checked_and_told_in_few_lines(doctor: Any, tmp_path: Path) -> None:
    miniature.make_all_conditions(tmp_path, miniature.make_hmdb51(tmp_path))
    status, printed, report = doctor("--data", "HMDB51P")
    assert status == 0, printed
    assert len(severities(report, "frames")) == 91
    assert "clean and 90" in printed
    assert "jpeg_3" not in printed
    assert len(printed.splitlines()) < 60
    shutil.rmtree(tmp_path / "hmdb51_p/videos/jpeg")
    status, printed, report = doctor("--data", "HMDB51P")
    assert status == 1
    (missing,) = (f for f in report["findings"] if f["severity"] == "error")
    assert "5 of 90 conditions have no folder" in missing["examples"][0]
    assert "jpeg (all severities)" in missing["examples"][0]


@pytest.mark.slow
def test_the_rendered_benchmark_is_prepared_first(doctor: Any) -> None:
    status, _, report = doctor("--data", "MovingShapes", "--data.n_train", 2, "--data.n_test", 1, "--decode", 0.1)
    assert status == 0
    assert severities(report, "frames") == dict.fromkeys(("train", "val", "base", "novel"), "ok")


def test_missing_and_broken_videos_are_listed_and_without_them_the_data_are_sound(doctor: Any, tmp_path: Path) -> None:
    truth = miniature.make_ucf101(tmp_path, clips_per_group=3)
    videos = sorted((truth.folder / "UCF-101").rglob("*.avi"))
    broken, missing = corrupt(videos[0]), videos[-1].stem
    videos[-1].unlink()
    status, printed, report = doctor("--data", "UCF101")
    assert status == 1
    assert "FAILED" in printed
    assert broken in printed
    rows = bad_videos(tmp_path)
    assert {row["video"] for row in rows} == {broken, missing}
    assert {row["problem"] == "missing" for row in rows} == {True, False}
    assert all(Path(row["path"]).stem == row["video"] for row in rows)
    assert report["bad_videos"] == 2
    table = tmp_path / "doctor/bad_videos.csv"
    module = UCF101(data_root=tmp_path, split=Split(exclude=table))
    for stage in ("fit", "test"):
        module.setup(stage)
    assert sum(map(len, module.sets.values())) == len(videos) - 2
    for _ in range(2):  # the table keeps its rows, or they would be back the second time
        status, printed, _ = doctor("--data", "UCF101", "--data.split.exclude", table)
        assert status == 0, printed
        assert bad_videos(tmp_path) == rows


def test_a_second_check_decodes_nothing_anew(doctor: Any, tmp_path: Path) -> None:
    miniature.make_hmdb51(tmp_path)
    first = doctor("--data", "HMDB51")[2]["decoding"]
    second = doctor("--data", "HMDB51")[2]["decoding"]
    assert (first["n_known"], second["n_new"]) == (0, 0)
    assert first["n_new"] == second["n_known"] == 5 * 6


def test_a_share_is_decoded_and_none_is_not_called_sound(doctor: Any, tmp_path: Path) -> None:
    miniature.make_ucf101(tmp_path)
    report = doctor("--data", "UCF101", "--decode", "0.5")[2]
    assert report["decoding"]["n_new"] == (12 + 6 + 6) // 2
    status, printed, report = doctor("--data", "UCF101", "--decode", "none")
    assert severities(report, "frames") == {"train, val, test": "skipped"}
    assert "--decode none" in printed
    assert status == 0


@pytest.mark.slow
def test_a_killed_check_goes_on_with_the_rest(doctor: Any, tmp_path: Path) -> None:
    truth = miniature.make_ucf101(tmp_path)
    broken = corrupt(sorted((truth.folder / "UCF-101").rglob("*_g22_*.avi"))[0])
    script = (
        "import os, sys\nfrom zsar.lightning_modules.command_line.doctor import doctor\n"
        "def dies(*given, check=doctor.check_clips, **settings):\n"
        "    for number, verdict in enumerate(check(*given, **settings), start=1):\n"
        "        yield verdict\n"
        "        if number == 7:\n            os.kill(os.getpid(), 9)\n"
        "doctor.check_clips = dies\n"
        "from zsar.lightning_modules.command_line.cli import main\nmain(['doctor', *sys.argv[1:]])\n"
    )
    fixed = ["--data", "UCF101", "--data.data_root", tmp_path, "--output", tmp_path / "doctor", "--n_workers", "0"]
    killed = subprocess.run([sys.executable, "-c", script, *map(str, fixed)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "doctor/report.json").exists()
    lines = [json.loads(line) for line in (tmp_path / "doctor/checked.jsonl").read_text().splitlines()]
    n_sound = sum(line["problem"] is None for line in lines)
    assert len(lines) == 7
    status, _, report = doctor("--data", "UCF101")
    assert status == 1
    assert report["decoding"] | {"seconds": 0} == {"n_new": 24 - n_sound, "n_known": n_sound, "n_bad": 1, "seconds": 0}
    assert [row["video"] for row in bad_videos(tmp_path)] == [broken]


def test_ctrl_c_says_that_the_next_check_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    miniature.make_ucf101(tmp_path)

    def stopped(*given: object, **settings: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("zsar.lightning_modules.command_line.doctor.doctor.check_clips", stopped)
    arguments = ["--data", "UCF101", "--data.data_root", str(tmp_path), "--output", str(tmp_path / "out")]
    assert main(["doctor", *arguments]) == 130
    assert "rerun the same command to resume" in capsys.readouterr().err


def test_copies_are_found_where_contents_are_compared(doctor: Any, tmp_path: Path) -> None:
    miniature.make_ucf101(tmp_path)  # all clips of a class are copies
    status, _, report = doctor("--data", "UCF101", "--decode", "none", "--hash")
    assert status == 1
    assert severities(report, "copies") == {"one set": "ok", "training / test": "error"}
    assert "copies" not in {f["check"] for f in doctor("--data", "UCF101", "--decode", "none")[2]["findings"]}


def test_a_video_of_training_and_testing_is_found(doctor: Any, tmp_path: Path) -> None:
    truth = miniature.make_ucf101(tmp_path)
    lists = truth.folder / "ucfTrainTestlist"
    line = (lists / "trainlist01.txt").read_text().splitlines()[0].split()[0]
    with (lists / "testlist01.txt").open("a") as file:
        file.write(f"{line}\n{line}\n")
    status, printed, report = doctor("--data", "UCF101", "--decode", "none")
    assert status == 1
    assert severities(report, "overlap") == {"training / test": "error"}
    assert severities(report, "duplicates") == {"train": "ok", "val": "ok", "test": "error"}
    assert f"{Path(line).stem} is listed twice" in printed


def test_without_any_file_of_the_data_set_findings_say_what_is_missing(doctor: Any, tmp_path: Path) -> None:
    status, printed, report = doctor("--data", "UCF101", root=tmp_path / "nowhere")
    assert status == 1
    assert severities(report, "lists") == {"train, val": "error", "test": "error"}
    assert severities(report, "videos folder") == {"all": "error"}
    assert "there is no annotation file" in " ".join(printed.split())
    assert doctor("--data", "VideoFolder", "--data.train", "nowhere")[0] == 1


@pytest.mark.skipif(not (SHARED / "clips").is_dir(), reason="the published lists are not here")
def test_a_published_list_without_its_videos_has_all_its_faults_in_one_table(doctor: Any, tmp_path: Path) -> None:
    lists = ["--data.lists.test", SHARED / "splits/vifi_clip/hmdb_splits/val1.txt"]
    labels = ["--data.lists.classes", SHARED / "labels/hmdb_51_labels.csv"]
    status, _, report = doctor("--data", "HMDB51", *lists, *labels, root=tmp_path / "nowhere")
    assert status == 1
    counts = {(f["check"], f["set_name"]): (f["count"], f["total"]) for f in report["findings"]}
    assert counts["files", "test"] == (1530, 1530)
    assert counts["file names", "test"] == (120, 1530)
    assert len(bad_videos(tmp_path)) == 1530
    follow = ["--data.lists.on_contradiction", "follow_file_names", "--stage", "test"]
    _, _, report = doctor("--data", "HMDB51", *lists, *labels, *follow, root=tmp_path / "nowhere")
    assert severities(report, "file names") == {"test": "warning"}


# --- lists and class names of one's own -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "check", "message"),
    [
        ("path,label\n{0},run, then jump\n{1},jump\n", "lists", "list.csv:2: 3 cells"),
        ('path,label\n{0},"run\n{1},jump\n{2},run\n{3},jump\n', "lists", "list.csv:2: "),
        ("path,label\n{0},r\udce9\n{1},jump\n", "lists", "list.csv:2: byte 0xE9 is not UTF-8"),
        ("{0},run\n{1},jump\n", "lists", "list.csv:1: no column path, label"),
        ("path,label\n{0},0\n{1},1\n", "lists", "list.csv:2: the class name '0' is only a number"),
        ("path,label\n{0},Arm Wrestling\n{1},arm_wrestling\n", "lists", "are one class ('arm wrestling')"),
        ("path,label\n{0},run\n{1},run\n{2},run\n{3},run\n", "class text", "has a single class, 'run'"),
        ("path,label\n{0},run\n./{0},run\n{1},jump\n{2},jump\n", "duplicates", "list.csv:3: ./"),
        ("path,label\n{0},run\n{1},run\n{2},jump\nlink.mp4,jump\n", "duplicates", "list.csv:5: link.mp4 are one file"),
    ],
)
def test_what_is_wrong_with_a_list_of_ones_own_is_an_error_of_the_report(
    rows: str, check: str, message: str, doctor: Any, video_tree: Path, tmp_path: Path
) -> None:
    names = [f"{colour} dance/{i}.mp4" for i in (0, 1) for colour in ("red", "blue")]
    (video_tree / "link.mp4").symlink_to(names[0])
    (video_tree / "list.csv").write_bytes(rows.format(*names).encode("utf-8", "surrogateescape"))
    source = ["--data.train", video_tree / "list.csv", "--data.test", video_tree / "list.csv"]
    status, _, report = doctor(
        "--data", "VideoFolder", *source, "--data.split.held_out_fraction", 0, "--decode", "none"
    )
    assert status == 1
    errors = [f for f in report["findings"] if f["severity"] == "error" and f["check"] == check]
    assert message in " ".join(example for f in errors for example in f["examples"])


def test_class_folders_of_one_class_are_an_error_of_the_report(doctor: Any, video_tree: Path) -> None:
    (video_tree / "blue dance").rename(video_tree / "Red_Dance")
    status, out, report = doctor("--data", "VideoFolder", "--data.train", video_tree)
    assert (status, severities(report, "lists")) == (1, {"train, val": "error", "test": "error"})
    assert "are one class" in " ".join(out.split())
