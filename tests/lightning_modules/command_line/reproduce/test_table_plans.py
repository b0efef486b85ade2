from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.reproduce.paper_tables import Paper, Papers, Row, Step, Table
from zsar.lightning_modules.command_line.reproduce.table_plans import Selection, plans_of, selected_tables

FOLDS = Step(verb="test", of="clip_zero_shot_hmdb51", vary={"data.split.fold": (1, 2, 3)})
CLIP = Row(name="CLIP", figures=(1.0,), steps=(FOLDS,))
TPT = Row(name="TPT", figures=(2.0,), steps=(Step(verb="test", of="tpt_hmdb51"), FOLDS))
OTHER = Row(name="X-CLIP", figures=(3.0,), why_not="quoted")


def table(paper: str, key: str, *rows: Row, sweep: str | None = None) -> Table:
    return Table(paper=paper, key=key, title="A title", columns=("a",), rows=rows, sweep=sweep)


TABLES = (
    table("one", "table1", CLIP, TPT, OTHER),
    table("one", "table2", CLIP),
    table("two", "table1", OTHER),
    table("two", "ablation", OTHER, sweep="ablation"),
)
PAPERS = Papers(
    papers={
        key: Paper(key=key, title=key, tables={t.key: t for t in TABLES if t.paper == key}) for key in ("one", "two")
    },
    of_no_paper={},
)


def run_dirs(*tables: str, **selection: object) -> list[list[str]]:
    plans = plans_of(PAPERS, Selection(tables, **selection), output=Path("out"))  # type: ignore[arg-type]
    return [[str(command.run_dir) for command in plan.commands] for plan in plans]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["one/table2"], ["one/table2"]),
        (["one"], ["one/table1", "one/table2"]),
        (["all"], ["one/table1", "one/table2", "two/table1", "two/ablation"]),
        (["one/table2", "one"], ["one/table2", "one/table1"]),
    ],
)
def test_tables_are_chosen_by_name_by_paper_or_all_each_once(names: list[str], chosen: list[str]) -> None:
    assert [table.name for table in selected_tables(PAPERS, names)] == chosen


@pytest.mark.parametrize(("name", "near"), [("one/tabel1", "one/table1"), ("tow", "two"), ("one/", "one")])
def test_an_unknown_table_is_named_with_its_neighbours(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"there is no table '{name}'; did you mean .*{near}"):
        selected_tables(PAPERS, [name])


def test_a_command_of_two_rows_is_planned_once() -> None:
    folds = [f"out/clip_zero_shot_hmdb51/fold{fold}" for fold in (1, 2, 3)]
    assert run_dirs("one/table1") == [[*folds, "out/tpt_hmdb51"]]
    (plan,) = plans_of(PAPERS, Selection(["one/table1"]), output=Path("out"))
    assert [plan.row_of(command) for command in plan.commands] == ["CLIP"] * 3 + ["TPT"]


def test_rows_and_varied_values_are_chosen() -> None:
    assert run_dirs("one", rows=["TPT"], where={"data.split.fold": ("2",)}) == [
        ["out/tpt_hmdb51", "out/clip_zero_shot_hmdb51/fold2"]
    ]
    with pytest.raises(ValueError, match="--where data.split.fold=4: it is one of 1, 2, 3"):
        run_dirs("one", where={"data.split.fold": ("4",)})
    with pytest.raises(ValueError, match="vary no such setting; did you mean data.split.fold"):
        run_dirs("one", where={"data.split.folds": ("1",)})


def test_a_sweep_is_restricted_and_its_folder_below_the_output() -> None:
    selection = Selection(["two/ablation"], where={"seed": ("0",), "variant": ("t2l",)})
    (plan,) = plans_of(PAPERS, selection, output=Path("out"))
    assert plan.sweep is not None
    assert plan.sweep[1].folder == "out/ablation"
    assert {words[1] for words in plan.words if "out/ablation/t2l/seed0" in words} == {"fit", "test", "summarize"}
    (plan,) = plans_of(PAPERS, Selection(["two/ablation"]))
    assert plan.sweep is not None
    assert plan.sweep[1].folder == "runs/ablation"


def test_a_missing_experiment_is_named_with_its_table() -> None:
    row = Row(name="CLIP", figures=(1.0,), steps=(Step(verb="test", of="nothing_of_this_name"),))
    papers = Papers(papers={"p": Paper(key="p", title="p", tables={"t": table("p", "t", row)})}, of_no_paper={})
    with pytest.raises(FileNotFoundError, match="p/t: there is no configuration configs/experiment/nothing_of_this"):
        plans_of(papers, Selection(["p/t"]))
