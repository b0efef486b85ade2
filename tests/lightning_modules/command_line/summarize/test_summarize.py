import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.paired_runs import write_answers
from tests.makers.results.recognition_results import adaptation, described, record, write_result
from zsar.lightning_modules.command_line.cli import main


def run_folder(path: Path, base: float, novel: float, *, seed: int = 0, complete: bool = True) -> Path:
    data = described("moving_shapes", protocol="base_to_novel")
    return write_result(path, {"base": base, "novel": novel}, data=data, seed=seed, complete=complete)


def ucf_folder(path: Path, top1: float, fold: int, **recorded: Any) -> Path:
    data = described("ucf101", fold=fold, split_hash=str(fold))
    return write_result(path, {"test": top1}, data=data, trained_on=described("kinetics400"), **recorded)


def summarize(*arguments: object) -> int:
    return main(["summarize", *map(str, arguments)])


def test_runs_are_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_folder(tmp_path / "frozen", 40, 60), run_folder(tmp_path / "t2l", 100, 90)]
    assert summarize(*runs, "--output", tmp_path / "all" / "results.json") == 0
    printed = capsys.readouterr().out
    assert "harmonic mean" in printed
    assert "94.7" in printed
    assert "published" not in printed
    row = json.loads((tmp_path / "all" / "results.json").read_text())["frozen"]
    assert {key: row[key] for key in ("base", "novel", "harmonic_mean", "n_runs")} == {
        "base": 40,
        "novel": 60,
        "harmonic_mean": 48,
        "n_runs": 1,
    }


def test_seeds_are_one_row_with_mean_and_deviation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_folder(tmp_path / "t2l" / f"seed{i}", b, b, seed=i) for i, b in enumerate((90, 94, 98))]
    assert summarize(*runs, "--output", tmp_path / "r.json") == 0
    printed = capsys.readouterr().out
    assert "94.0 ± 4.0" in printed
    assert "sample standard deviation (n - 1)" in printed
    row = json.loads((tmp_path / "r.json").read_text())["t2l"]
    assert (row["base"], row["std"]["base"], row["n_runs"]) == (94, 4, 3)
    assert [run["novel"] for run in row["runs"]] == [90, 94, 98]


def test_a_part_of_a_test_set_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summarize(run_folder(tmp_path / "part", 40, 60, complete=False)) == 1
    assert "a part of the test set only" in capsys.readouterr().err


def test_runs_of_different_sets_are_in_tables_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_folder(tmp_path / "novel", 40, 60), write_result(tmp_path / "all", {"test": 50})]
    assert summarize(*runs, "--output", tmp_path / "r.json") == 0
    headers = [line for line in capsys.readouterr().out.splitlines() if "top-1 in percent" in line]
    assert ["test" in header for header in headers] == [False, True]
    assert list(json.loads((tmp_path / "r.json").read_text())) == ["novel", "all"]


def test_folds_stand_beside_the_published_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = {"training": record(training=True), "test": record()}
    runs = [ucf_folder(tmp_path / "t2l_ucf" / f"fold{i}", 78 + i, i, **recorded) for i in (1, 2, 3)]
    assert summarize(*runs) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("t2l_ucf beside published figures" in line for line in lines)
    first = next(line for line in lines if "T2L Table 1" in line)
    assert [cell.strip() for cell in first.strip("│").split("│")] == [
        *("T2L", "T2L Table 1", "top1", "79.1", "80.0", "+0.9", "not stated: precision")
    ]
    assert all(len(line) <= 120 for line in lines)


def test_testing_with_another_kind_of_class_text_than_trained_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = record("templates: photo", training=True, class_text__templates=["a photo of a {}."])
    runs = [ucf_folder(tmp_path / name, 79, 1, training=trained, test=record()) for name in ("t2l", "vifi")]
    assert summarize(*runs, "--output", tmp_path / "s.md") == 0
    said = (
        "t2l, vifi: trained with template (1 prompt a class: 'a photo of a {}.'), tested with description (1 prompt a "
        "class)"
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed
    assert "tested with" in printed
    assert f"{said}." in (tmp_path / "s.md").read_text().splitlines()


def test_an_old_result_is_said_to_record_nothing_of_its_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(ucf_folder(tmp_path / "t2l", 79, 1)) == 0
    assert "t2l: class text and settings of its training are not recorded" in capsys.readouterr().out


def test_what_tuning_changed_is_a_table_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = described("hmdb51", n_frames=16)
    zar = write_result(
        tmp_path / "zar_hmdb51_from_kinetics400",
        {"test": 54.0},
        model="FineTunedCLIP",
        adapted=adaptation(),
        data=data,
        trained_on=described("kinetics400"),
    )
    assert summarize(zar) == 0
    lines = capsys.readouterr().out.splitlines()
    text = " ".join(" ".join(line.strip("│┃").replace("│", " ").split()) for line in lines)
    assert "zar_hmdb51_from_kinetics400 ZAR test 52.0 53.0 54.0 +2.0 30 / 10 0.50" in text
    assert any("ZAR Table 1" in line and "54.2" in line for line in lines)
    assert all(len(line) <= 120 for line in lines)


def test_without_adapted_runs_nothing_is_said_about_tuning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summarize(run_folder(tmp_path / "t2l", 40, 60)) == 0
    assert "tuned" not in capsys.readouterr().out


@pytest.mark.parametrize("spelling", ["--all_published", "--all-published"])
def test_other_architectures_are_announced_and_shown_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spelling: str
) -> None:
    run = ucf_folder(tmp_path / "run", 79, 1)
    assert summarize(run) == 0
    printed = capsys.readouterr().out
    assert "more published figures (other architectures, ablations): --all_published" in printed
    assert "ViT-L-14" not in printed
    assert summarize(run, spelling) == 0
    printed = capsys.readouterr().out
    assert "ViT-L-14" in printed
    assert "--all_published" not in printed


@pytest.mark.parametrize("spelling", ["--group_by", "--group-by"])
def test_runs_are_grouped_by_settings_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spelling: str
) -> None:
    runs = [run_folder(tmp_path / "monday", 90, 90), run_folder(tmp_path / "friday", 94, 94, seed=1)]
    assert summarize(*runs, spelling, "settings") == 0
    assert "T2L moving_shapes base_to_novel" in capsys.readouterr().out


def test_several_files_are_written_and_an_unknown_suffix_is_refused_before_anything_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path / "t2l", 40, 60)
    assert summarize(run, "--output", tmp_path / "a.json", "--output", tmp_path / "b.md") == 0
    assert "| t2l | 40.0 | 60.0 | 48.0 | 1 |" in (tmp_path / "b.md").read_text()
    capsys.readouterr()
    assert summarize(run, "--output", tmp_path / "c.json", "--output", tmp_path / "d.xlsx") == 1
    assert "d.xlsx: the suffix must be one of .json, .md, .csv" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()


# --- localizers -------------------------------------------------------------------------------------------------------

ACTIVITYNET = (*(f"map_{threshold / 100:g}" for threshold in range(50, 100, 5)), "map", "paper_mean")


def test_localizers_have_a_table_of_mean_average_precision(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write_localization(tmp_path / "t3al" / f"seed{i}", 20 + 4 * i, seed=i) for i in (0, 1)]
    assert summarize(*runs) == 0
    printed = capsys.readouterr().out
    lines = [" ".join(line.replace("│", " ").replace("┃", " ").split()) for line in printed.splitlines()]
    assert "mAP in % at IoU 0.3 0.5 avg adaptations runs" in lines
    assert "t3al 22.0 ± 2.8 21.0 ± 2.8 20.0 ± 2.8 40 2" in lines
    assert "sample standard deviation (n - 1)" in printed
    assert "top-1" not in printed
    assert "paper mean" not in printed


def test_ten_thresholds_with_deviations_fit_into_120_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / "t3al_without_suppression_activitynet_50_50"
    runs = [write_localization(long / f"seed{i}", 30 + 4 * i, seed=i, names=ACTIVITYNET) for i in (0, 1)]
    assert summarize(*runs) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 120 for line in lines)
    (header,) = [line for line in lines if "0.55" in line]
    assert "mAP in % at IoU" in header
    assert "paper mean" in header
    row = next(i for i, line in enumerate(lines) if "32.0" in line)
    assert lines[row].count(".0") == 12
    assert lines[row + 1].count("± 2.8") == 12
    assert any("beside published figures" in line for line in lines)
    assert sum("EffPrompt" in line for line in lines) == 1
    assert any(line.startswith("paper mean: the mean at 0.5, 0.75 and 0.95") for line in lines)


def test_runs_of_both_tasks_are_in_tables_of_their_own_and_in_all_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [run_folder(tmp_path / "t2l", 40, 60), write_localization(tmp_path / "t3al")]
    outputs = [argument for suffix in ("json", "md", "csv") for argument in ("--output", tmp_path / f"s.{suffix}")]
    assert summarize(*runs, *outputs) == 0
    printed = capsys.readouterr().out
    assert "harmonic mean" in printed
    assert "mAP in % at IoU" in printed
    content = json.loads((tmp_path / "s.json").read_text())
    assert (content["t2l"]["harmonic_mean"], content["t3al"]["map_0.3"]) == (48, 20)
    text = (tmp_path / "s.md").read_text()
    assert "| t2l | 40.0 | 60.0 | 48.0 | 1 |" in text
    assert "| t3al | 20.0 | 19.0 | 18.0 | 40 | 1 |" in text
    assert "t3al,map_0.5,19.00,,1," in (tmp_path / "s.csv").read_text()


def test_a_part_of_a_localization_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summarize(write_localization(tmp_path / "part", complete=False)) == 1
    assert "a part of the test set only" in capsys.readouterr().err


def test_rendered_videos_may_be_of_another_seed_and_others_may_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def runs(name: str, **described: object) -> list[Path]:
        return [
            write_localization(
                tmp_path / name / f"seed{i}",
                seed=i,
                data={"split_hash": f"videos {i}", **{key: i for key in described}},
            )
            for i in (0, 1)
        ]

    assert summarize(*runs("rendered", render_seed=True)) == 0
    capsys.readouterr()
    assert summarize(*runs("filmed")) == 1
    assert "videos (videos 1 / videos 0)" in capsys.readouterr().err


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_chart_is_written(tmp_path: Path, suffix: str, start: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write_localization(tmp_path / "t3al"), run_folder(tmp_path / "t2l <script>", 90, 80)]
    path = tmp_path / "charts" / f"chart{suffix}"
    assert summarize(*runs, "--output", path) == 0
    assert path.read_bytes().startswith(start)
    assert f"wrote {path}" in capsys.readouterr().out


def test_an_unknown_kind_of_chart_is_an_error_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert summarize(run_folder(tmp_path / "t2l", 90, 80), "--output", tmp_path / "chart.jpg") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "chart.jpg: the suffix must be one of .json, .md, .csv, .png, .svg, .pdf; got '.jpg'" in said.err


def test_comparisons_are_printed_and_written_beside_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write_answers(tmp_path / "a", test="1100"), write_answers(tmp_path / "b", test="1111")
    files = [tmp_path / "r.json", tmp_path / "r.md"]
    outputs = [word for file in files for word in ("--output", file)]
    assert summarize(a, "--compare", a, b, "--compare", b, a, *outputs) == 0
    printed = capsys.readouterr().out
    assert [sign in printed for sign in ("+50.0", "-50.0", "2 / 0", "0 / 2")] == [True] * 4
    content = json.loads(files[0].read_text())
    assert list(content) == ["a", "comparisons"]
    assert [each["figures"]["test"]["difference"] for each in content["comparisons"]] == [50, -50]
    assert "| test | 50.0 | 100.0 | +50.0 | +0.0 to +100.0 | 2 / 0 | 0.500 | 4 |" in files[1].read_text()


def test_a_row_with_the_name_of_the_comparisons_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write_answers(tmp_path / "comparisons", test="10"), write_answers(tmp_path / "b", test="11")
    assert summarize(a, "--compare", a, b, "--output", tmp_path / "r.json") == 1
    assert "a row is called 'comparisons', as comparisons are in this file; rename" in capsys.readouterr().err
