import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.makers.results.localization_results import AS_PUBLISHED, localization_groups, write_localization
from tests.makers.results.recognition_results import (
    adaptation,
    described,
    recognition_groups,
    recognition_of,
    record,
    write_result,
)
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.published.published_tables import published_tables
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, RunGroup
from zsar.lightning_modules.command_line.summarize.summary_files import row_json, write_summary

FIGURES = load_published_figures()


def beside_papers(groups: Sequence[RunGroup | LocalizationGroup]) -> list[ComparedRow]:
    return [ComparedRow(group, tuple(compare(group, FIGURES))) for group in groups]


@pytest.fixture
def compared(tmp_path: Path) -> list[ComparedRow]:
    """T2L on three folds of UCF-101 after Kinetics-400, and a run on a data set that nobody published."""
    folders = [
        write_result(
            tmp_path / "t2l" / f"fold{i}",
            {"test": top1},
            data=described("ucf101", fold=i, split_hash=str(i)),
            trained_on=described("kinetics400"),
            training=record(training=True),
            test=record(),
        )
        for i, top1 in enumerate((78.0, 79.0, 80.0), start=1)
    ]
    folders.append(write_result(tmp_path / "a|b", {"base": 40, "novel": 60}, data=described("video_folder")))
    groups = recognition_groups([recognition_of(folder) for folder in folders])
    return beside_papers(groups)


def test_json_has_means_deviations_settings_and_published_figures(tmp_path: Path, compared: list[ComparedRow]) -> None:
    content = json.loads(write_summary(tmp_path / "new" / "s.json", compared).read_text())
    row = content["t2l"]
    assert (row["test"], row["std"], row["n_runs"]) == (79, {"test": 1}, 3)
    assert row["runs"] == [{"test": 78}, {"test": 79}, {"test": 80}]
    assert [made["fold"] for made in row["made_with"]] == [1, 2, 3]
    assert (row["settings"]["data_set"], row["settings"]["protocol"]) == ("ucf101", "zero_shot")
    best = row["published"][0]
    assert (best["method"], best["variant"], best["sources"]) == ("T2L", None, ["T2L Table 1"])
    assert (best["value"], best["ours"], best["difference"], best["protocol_match"]) == (
        79.1,
        79,
        -0.1,
        "not stated: precision",
    )
    assert content["a|b"]["published"] == []
    assert "std" not in content["a|b"]
    assert content["a|b"]["tuning"] == {}


def test_markdown_has_a_table_for_each_kind_of_sets_and_one_of_published_figures(
    tmp_path: Path, compared: list[ComparedRow]
) -> None:
    text = write_summary(tmp_path / "s.md", compared).read_text()
    lines = text.splitlines()
    start = lines.index("| top-1 in percent | test | runs |")
    assert lines[start + 1 : start + 3] == ["| --- | ---: | ---: |", "| t2l | 79.0 ± 1.0 | 3 |"]
    assert "| a\\|b | 40.0 | 60.0 | 48.0 | 1 |" in lines
    assert "t2l beside published figures:" in lines
    assert "| T2L | T2L Table 1 | top1 | 79.1 | 79.0 | -0.1 | not stated: precision |" in lines
    assert "sample standard deviation (n - 1)" in text
    widths = {line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}
    assert widths == {4, 6, 8}


def test_csv_has_a_line_for_each_row_and_set_with_the_best_match_of_the_same_method(
    tmp_path: Path, compared: list[ComparedRow]
) -> None:
    path = write_summary(tmp_path / "s.csv", compared)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:6] == ["group", "set", "mean", "std", "n_runs", "published"]
    assert [(row["group"], row["set"]) for row in rows] == [
        ("t2l", "test"),
        ("a|b", "base"),
        ("a|b", "novel"),
        ("a|b", "harmonic_mean"),
    ]
    first = rows[0]
    assert (first["mean"], first["std"], first["n_runs"]) == ("79.00", "1.00", "3")
    assert (first["published"], first["published_source"], first["difference"]) == ("79.1", "T2L Table 1", "-0.10")
    assert first["protocol_match"] == "not stated: precision"
    assert (rows[1]["std"], rows[1]["published"]) == ("", "")


def test_csv_does_not_pass_another_methods_figure_off_as_the_published_one(tmp_path: Path) -> None:
    data, trained_on = described("activitynet"), described("kinetics400")
    (group,) = recognition_groups(
        [recognition_of(write_result(tmp_path / "t2l", {"test": 70}, data=data, trained_on=trained_on))]
    )
    (row,) = beside_papers([group])
    assert [c.figure.method for c in row.published] == ["BIKE"]
    with write_summary(tmp_path / "s.csv", [row]).open(newline="") as file:
        assert [row["published"] for row in csv.DictReader(file)] == [""]


def test_all_files_say_what_tuning_changed(tmp_path: Path) -> None:
    folders = [
        write_result(tmp_path / "zar", {"test": 54.0}, adapted=adaptation()),
        write_result(tmp_path / "plain", {"test": 52.0}),
    ]
    compared = [ComparedRow(group) for group in recognition_groups([recognition_of(folder) for folder in folders])]
    content = json.loads(write_summary(tmp_path / "s.json", compared).read_text())
    assert content["plain"]["tuning"] == {}
    effect = content["zar"]["tuning"]["test"]
    assert (effect["untuned_top1"], effect["change"], effect["flipped_right"]) == (52, 2, 30)
    assert (effect["entropy_after"], effect["tuning_seconds"]) == (1.25, 0.3)
    lines = write_summary(tmp_path / "s.md", compared).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| adapted | method | set |"))
    assert lines[start + 2] == ("| zar | ZAR | test | 52.0 | 53.0 | 54.0 | +2.0 | 30 / 10 | 0.50 |")
    assert not lines[start + 3].startswith("|")
    with write_summary(tmp_path / "s.csv", compared).open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("untuned", "change", "flipped_right", "flipped_wrong")
    assert [rows[0][name] for name in names] == ["52.00", "2.00", "30", "10"]
    assert [rows[1][name] for name in names] == [""] * 4


def test_nothing_unfinished_is_left_behind(tmp_path: Path, compared: list[ComparedRow]) -> None:
    for suffix in ("md", "csv", "json"):
        write_summary(tmp_path / "out" / f"s.{suffix}", compared)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["s.csv", "s.json", "s.md"]


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"s.txt: the suffix must be one of .json, .md, .csv, .png, .svg, .pdf; got '.txt'"
    ):
        write_summary(tmp_path / "s.txt", [])


def test_notes_of_the_same_method_are_kept(tmp_path: Path) -> None:
    folder = write_result(
        tmp_path / "k600", {"test": 70}, data=described("kinetics600"), trained_on=described("kinetics400")
    )
    (group,) = recognition_groups([recognition_of(folder)])
    (table,) = published_tables(beside_papers([group]))
    *found, same = table.notes
    assert same.startswith("same: all that the paper states agrees")
    assert "T2L Table 1: one test on all 220 classes that Kinetics-400 lacks (A.4.1)" in found
    assert all(note.startswith("T2L") for note in found)


def test_rows_of_localization_are_in_every_file(tmp_path: Path, compared: list[ComparedRow]) -> None:
    folders = [write_localization(tmp_path / "t3al" / f"seed{i}", 20 + 4 * i, seed=i) for i in (0, 1)]
    localized = beside_papers(localization_groups(*folders))
    content = json.loads(write_summary(tmp_path / "s.json", [*compared, *localized]).read_text())
    assert list(content) == ["t2l", "a|b", "t3al"]
    assert (content["t3al"]["map"], content["t3al"]["std"]["map"]) == (20, 2.83)
    assert {row["method"] for row in content["t3al"]["published"]} == {"EffPrompt", "STALE"}  # whose model is unknown
    lines = write_summary(tmp_path / "s.md", localized).read_text().splitlines()
    assert lines[:3] == [
        "| mAP in % at IoU | 0.3 | 0.5 | avg | adaptations | runs |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| t3al | 22.0 ± 2.8 | 21.0 ± 2.8 | 20.0 ± 2.8 | 40 | 2 |",
    ]
    assert "mean ± sample standard deviation (n - 1)." in lines
    at = lines.index("t3al beside published figures:")
    assert lines[at + 2 : at + 6] == [
        "| method | paper and table | 0.3 | 0.5 | avg | protocol match |",
        "| --- | --- | ---: | ---: | ---: | --- |",
        "| ours |  | 22.0 | 21.0 | 20.0 |  |",
        "| EffPrompt | T3AL Table 1 | 37.2 | 21.6 | 21.9 | trained on nothing / the other classes; draws 2 / 10; "
        "not stated: architecture, class text, precision |",
    ]
    with write_summary(tmp_path / "s.csv", [*compared, *localized]).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["group"] == "t3al"]
    assert [(row["set"], row["mean"], row["std"], row["n_runs"]) for row in rows] == [
        ("map_0.3", "22.00", "2.83", "2"),
        ("map_0.5", "21.00", "2.83", "2"),
        ("map", "20.00", "2.83", "2"),
    ]


def test_json_of_a_localizer_has_means_deviations_runs_settings_and_the_lines_of_papers(tmp_path: Path) -> None:
    coca = {"class_path": "zsar.lightning_modules.t3al.T3AL", "architecture": "coca_ViT-L-14", "backbone_hash": "hash"}
    folders = [
        write_localization(tmp_path / "t3al" / f"seed{i}", v, seed=i, model=coca, arguments=AS_PUBLISHED)
        for i, v in enumerate((20.0, 24.0))
    ]
    (row,) = beside_papers(localization_groups(*folders))
    content = row_json(row)
    assert (content["task"], content["map_0.3"], content["map"], content["n_runs"]) == ("localization", 22.0, 20.0, 2)
    assert content["std"] == dict.fromkeys(("map_0.3", "map_0.5", "map"), 2.83)
    assert [run["map_0.3"] for run in content["runs"]] == [20.0, 24.0]
    assert [made["seed"] for made in content["made_with"]] == [0, 1]
    assert content["settings"]["split"] == "50_50"
    assert content["published"][0] == {
        "method": "T3AL",
        "source": "T3AL Table 1",
        "map_0.3": 20.7,
        "map_0.5": 8.9,
        "map": 10.4,
        "same_method": True,
        "match": "draws 2 / 10; not stated: precision",
    }
    (single,) = localization_groups(folders[0])
    assert "std" not in row_json(ComparedRow(single))
