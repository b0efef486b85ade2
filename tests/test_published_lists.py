"""Rows whose papers take ViFi-CLIP's clips and classes run on its published lists: every seed, every draw."""

from pathlib import Path

import pytest
import yaml

from tests.makers.configs.shipped import CONFIGS, LISTS
from zsar.lightning_modules.command_line.reproduce.paper_tables import WITH, Row, Step
from zsar.lightning_modules.command_line.reproduce.papers_file import read_papers

PAPERS = read_papers(CONFIGS / "papers.yaml").papers
ROWS = [
    pytest.param(row, id=f"{table.name} {row.name}")
    for paper in ("ap_clip", "t2l")
    for table in PAPERS[paper].tables.values()
    for row in table.rows
    if row.steps
]
DRAWS = tuple(f"lists/vifi_clip_kinetics600_{draw}" for draw in (1, 2, 3))
SEEDS = ("fs_base_s1_train.txt", "fs_base_s2_train.txt", "fs_base_s3_train.txt")


def steps_of(row: Row, verb: str, part: str) -> list[Step]:
    """The steps of a row whose experiment has a word in its name."""
    return [step for step in row.steps if step.verb == verb and part in step.of]


@pytest.mark.parametrize("row", ROWS)
def test_sixteen_shots_of_base_classes_are_the_three_published_lists(row: Row) -> None:
    for fit in steps_of(row, "fit", "base_to_novel"):
        if "ablation/t2l_all_base_clips" in fit.fragments or fit.of.endswith("_authors"):
            assert fit.vary == {}, "all clips of the base classes: there is nothing to draw"
            continue
        data_set = fit.of.rsplit("_", 1)[-1]
        assert f"lists/vifi_clip_base_to_novel_{data_set}" in fit.fragments
        assert [str(path).rsplit("/", 1)[-1] for path in fit.vary["data.lists.train"]] == list(SEEDS)
        folders = {str(path).rsplit("/", 1)[0] for path in fit.vary["data.lists.train"]}
        (own,) = (path for path in LISTS if path.stem == f"vifi_clip_base_to_novel_{data_set}")
        assert folders == {yaml.safe_load(own.read_text())["data.lists.train"].rsplit("/", 1)[0]}


@pytest.mark.parametrize("row", ROWS)
def test_few_shots_are_the_published_lists(row: Row) -> None:
    for fit in steps_of(row, "fit", "few_shot"):
        (fragment,) = (name for name in fit.fragments if name.startswith("lists/"))
        data_set, *shots = fit.of.split("few_shot_")[1].removesuffix("_authors").split("_")
        assert fragment.startswith(f"lists/vifi_clip_few_shot_{data_set}_")
        assert not shots or fragment.endswith(f"_{shots[0]}"), f"{fit.of} with {fragment}"


@pytest.mark.parametrize("row", ROWS)
def test_draws_of_kinetics_600_are_the_published_ones(row: Row) -> None:
    for test in steps_of(row, "test", "kinetics600"):
        if not test.of.startswith("t2l_"):  # T2L is tested on all new classes
            of_videos = "open_vclip" if test.of.startswith("open_vclip_") else "vifi_clip"  # the former: validation's
            assert tuple(test.vary[WITH]) == tuple(draw.replace("vifi_clip", of_videos) for draw in DRAWS)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_training_list_is_used_whole(path: Path) -> None:
    stated = yaml.safe_load(path.read_text())
    assert "data.lists.held_out" not in stated
    if "data.lists.train" in stated:
        assert (stated["checkpoint.monitor"], stated["checkpoint.filename"]) == (None, "last")
