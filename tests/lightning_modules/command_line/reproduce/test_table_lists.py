from pathlib import Path
from typing import get_args

from zsar.lightning_modules.command_line.reproduce.paper_tables import Checkpoint, Paper, Papers, Row, Step, Table
from zsar.lightning_modules.command_line.reproduce.table_lists import list_of_tables, markdown_of, write_markdown

FIT = Step(verb="fit", of="t2l_kinetics400", fragments=("ablation/first",), settings={"seed_everything": 1})
TEST = Step(verb="test", of="t2l_zero_shot_hmdb51", vary={"data.split.fold": (1, 2)}, checkpoint="last")
RUN = Step(verb="run", of="zsar extract {data}/x")
OURS = Row(name="T2L | all", figures=(52.9, None), steps=(FIT, TEST, RUN), differences="one seed")
THEIRS = Row(name="X-CLIP", figures=("44.6 ± 5.2", 72.0), why_not="quoted")
TABLES = {
    "table1": Table(paper="t2l", key="table1", title="Zero-shot", columns=("HMDB-51", "UCF-101"), rows=(OURS, THEIRS)),
    "ablation": Table(
        paper="t2l",
        key="ablation",
        title="Parts",
        columns=("base",),
        rows=(Row(name="T2L", figures=(1,)),),
        sweep="ablation",
    ),
    "figure1": Table(paper="t2l", key="figure1", title="Maps", columns=(), rows=(), why_not="a picture."),
}
PAPERS = Papers(
    papers={"t2l": Paper(key="t2l", title="T2L: a title", tables=TABLES)},
    of_no_paper={"t2l_video_folder": "own videos"},
)


def test_the_list_counts_the_rows_that_commands_make() -> None:
    rows = [row.cells for row in list_of_tables(PAPERS).rows]
    assert rows == [
        ("t2l/table1", "Zero-shot", "2", "1"),
        ("t2l/ablation", "Parts", "1", "1"),
        ("t2l/figure1", "Maps", "-", "-"),
    ]


def test_every_row_is_in_the_file_with_figures_steps_and_reasons() -> None:
    text = markdown_of(PAPERS)
    assert "- **t2l**: [Table 1](#t2l-table1), [ablation](#t2l-ablation), [Figure 1](#t2l-figure1)\n" in text
    assert '<a id="t2l-table1"></a>\n\n### Table 1: Zero-shot\n' in text
    assert "`zsar reproduce t2l/table1`; one row: `zsar reproduce t2l/table1 --only 'T2L | all'`" in text
    assert "| T2L \\| all | 52.9 | - |\n| X-CLIP | 44.6 ± 5.2 | 72.0 |\n" in text
    assert (
        "- `T2L | all`\n"
        "  - fit `t2l_kinetics400` with `ablation/first`, `seed_everything` 1\n"
        "  - test `t2l_zero_shot_hmdb51` of `t2l_kinetics400`, `data.split.fold` 1, 2\n"
        "  - `zsar extract {data}/x`\n"
        "  - differs: one seed\n"
        "- `X-CLIP`: not run; quoted\n"
    ) in text
    assert "### Figure 1: Maps\n\nNo commands: a picture.\n" in text
    assert (
        "`configs/sweeps/ablation.yaml`: seed 0, 1, 2; variant zero_shot, adapters, ttl, tfd, t2l, bike, open_vclip."
        in text
    )
    assert "- `t2l_video_folder`: own videos\n" in text


def test_a_folder_that_varied_files_share_is_told_once_and_so_is_a_fit_that_is_there_twice() -> None:
    lists = Step(verb="fit", of="t2l_kinetics400", vary={"data.lists.train": ("a/b/s1.txt", "a/b/s2.txt")})
    tuned = Step(verb="fit", of="t2l_few_shot_ucf101_2", checkpoint="last")
    test = Step(verb="test", of="t2l_few_shot_ucf101_2", checkpoint="last")
    row = Row(name="T2L", figures=(1.0,), steps=(lists, test, lists, tuned, test))
    table = Table(paper="t2l", key="table1", title="Zero-shot", columns=("HMDB-51",), rows=(row,))
    text = markdown_of(Papers(papers={"t2l": Paper(key="t2l", title="T2L", tables={"table1": table})}, of_no_paper={}))
    assert text.count("- fit `t2l_kinetics400`") == 1
    assert "  - fit `t2l_kinetics400`, `data.lists.train` s1.txt, s2.txt in a/b\n" in text
    assert "  - fit `t2l_few_shot_ucf101_2` from `t2l_kinetics400`\n" in text
    assert "  - test `t2l_few_shot_ucf101_2` of `t2l_few_shot_ucf101_2`\n" in text
    assert "  - test `t2l_few_shot_ucf101_2` of `t2l_kinetics400`\n" in text


def test_the_checkpoint_of_a_fit_is_told_where_it_is_not_the_last() -> None:
    tests = [Step(verb="test", of=f"test_{name}", checkpoint=name) for name in get_args(Checkpoint)]
    row = Row(name="T2L", figures=(1.0,), steps=(FIT, *tests))
    table = Table(paper="t2l", key="table1", title="Zero-shot", columns=("HMDB-51",), rows=(row,))
    text = markdown_of(Papers(papers={"t2l": Paper(key="t2l", title="T2L", tables={"table1": table})}, of_no_paper={}))
    assert "  - test `test_last` of `t2l_kinetics400`\n" in text
    assert "  - test `test_best` of `t2l_kinetics400`, its best checkpoint\n" in text
    assert "  - test `test_weight_mean` of `t2l_kinetics400`, its mean of epochs\n" in text


def test_the_file_is_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    path = write_markdown(tmp_path / "docs" / "README.md", PAPERS)
    assert path.read_text() == markdown_of(PAPERS)
