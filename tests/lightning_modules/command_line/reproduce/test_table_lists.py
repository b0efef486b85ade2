from pathlib import Path

from zsar.lightning_modules.command_line.reproduce.paper_tables import Paper, Papers, Row, Step, Table
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
    assert (
        "| T2L \\| all | 52.9 | - | fit `t2l_kinetics400` with `ablation/first`, `seed_everything` 1<br>"
        "test `t2l_zero_shot_hmdb51` of the fit, `data.split.fold` 1, 2<br>`zsar extract {data}/x`<br>"
        "differs: one seed |"
    ) in text
    assert "| X-CLIP | 44.6 ± 5.2 | 72.0 | not run: quoted |" in text
    assert "### Figure 1: Maps\n\nNo commands: a picture.\n" in text
    assert "`configs/sweeps/ablation.yaml`: seed 0, 1, 2; variant zero_shot, adapters, ttl, tfd, t2l." in text
    assert "- `t2l_video_folder`: own videos\n" in text


def test_the_file_is_written_whole_into_a_new_folder(tmp_path: Path) -> None:
    path = write_markdown(tmp_path / "docs" / "README.md", PAPERS)
    assert path.read_text() == markdown_of(PAPERS)
