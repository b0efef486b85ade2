from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.reproduce.paper_tables import Step
from zsar.lightning_modules.command_line.reproduce.papers_file import find_papers_file, read_papers

FILE = """
t2l:
  title: "T2L: a title"
  tables:
    table7:
      title: Temporal tokens
      columns: [HMDB-51, UCF-101]
      rows:
        - row: All layers
          figures: [52.9, "79.1 ± 0.2"]
          steps:
            - fit: t2l_kinetics400
              with: [ablation/t2l_ttl_first]
              set: {trainer.max_epochs: 5}
            - test: t2l_zero_shot_hmdb51
              from: fit
              vary: {data.split.fold: [1, 2]}
            - run: zsar extract {data}/thumos14
          differences: "one
            seed"
        - row: X-CLIP
          figures: [44.6, null]
          why_not: quoted
    figure3: {title: Maps, why_not: a picture}
of_no_paper: {t2l_video_folder: one's own videos}
"""


def written(folder: Path, text: str = FILE) -> Path:
    path = folder / "papers.yaml"
    path.write_text(text)
    return path


def test_a_table_is_read_with_rows_steps_and_figures(tmp_path: Path) -> None:
    papers = read_papers(written(tmp_path))
    table, figure = papers.tables
    assert (table.name, table.heading, table.columns) == ("t2l/table7", "Table 7", ("HMDB-51", "UCF-101"))
    assert (figure.name, figure.heading, figure.rows, figure.why_not) == ("t2l/figure3", "Figure 3", (), "a picture")
    ours, theirs = table.rows
    assert (ours.name, ours.figures, ours.differences) == ("All layers", (52.9, "79.1 ± 0.2"), "one seed")
    assert (theirs.figures, theirs.why_not, theirs.steps) == ((44.6, None), "quoted", ())
    fit, test, run = ours.steps
    assert fit == Step(
        verb="fit",
        of="t2l_kinetics400",
        fragments=("ablation/t2l_ttl_first",),
        settings={"trainer.max_epochs": 5},
    )
    assert (test.of, test.checkpoint, test.vary) == ("t2l_zero_shot_hmdb51", "last", {"data.split.fold": (1, 2)})
    assert (run.verb, run.of) == ("run", "zsar extract {data}/thumos14")
    assert table.runnable_rows == (ours,)
    assert papers.of_no_paper == {"t2l_video_folder": "one's own videos"}


@pytest.mark.parametrize("name", ["best", "weight_mean"])
def test_another_checkpoint_can_be_asked_for(name: str, tmp_path: Path) -> None:
    papers = read_papers(written(tmp_path, FILE.replace("from: fit", f"from: {{checkpoint: {name}}}")))
    assert next(papers.tables).rows[0].steps[1].checkpoint == name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("why_not: quoted", "differences: none", "rows.1. must have either `steps` or `why_not`"),
        ("[44.6, null]", "[44.6]", r"figures has 1 figures for 2 columns; write null for a dash"),
        ("row: X-CLIP", "row: All layers", "rows has 'All layers' twice"),
        ("columns: [HMDB-51, UCF-101]", "columns: [a, a]", "columns has 'a' twice"),
        ("- fit: t2l_kinetics400", "- fitt: t2l_kinetics400", "must have exactly one of fit, test, run"),
        (
            "from: fit",
            "from: last",
            "must be `fit`, `{checkpoint: best}` or `{checkpoint: weight_mean}`",
        ),
        ("with: [ablation", "from: fit\n              with: [ablation", "`from: fit`, but no fit before it"),
        ("vary: {data.split.fold: [1, 2]}", "vary: {data.split.fold: []}", "data.split.fold has no value"),
        ("set: {trainer.max_epochs: 5}", "set: {x: 1}\n              vary: {x: [2]}", "x in `set` and in `vary`"),
        ("figure3: {title: Maps, why_not: a picture}", "figure3: {title: Maps}", "must have either `rows` or"),
        ("why_not: a picture}", "whynot: a picture}", "has 'whynot', but may have only .*; did you mean why_not"),
        ("rows:", "sweep: ablation\n      rows:", "belongs to a table with `sweep`"),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = FILE.replace(old, new, 1)
    assert text != FILE
    with pytest.raises(ValueError, match=message):
        read_papers(written(tmp_path, text))


def test_the_file_in_the_working_directory_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_papers_file()
    assert shipped.is_absolute()
    assert "ap_clip" in read_papers(shipped).papers
    (tmp_path / "configs").mkdir()
    own = written(tmp_path / "configs")
    assert find_papers_file().resolve() == own
    with pytest.raises(FileNotFoundError, match="there is no file of tables mine"):
        find_papers_file("mine/papers.yaml")
