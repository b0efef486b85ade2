from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands, input_states
from zsar.lightning_modules.command_line.batch.job_processes import Failure
from zsar.lightning_modules.command_line.reproduce import table_runs
from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Table
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan
from zsar.lightning_modules.command_line.reproduce.table_runs import RunSettings, check_unchanged, is_finished, run_rows


def command(verb: str, name: str, *needs: RowCommand, folder: Path = Path("out")) -> RowCommand:
    return RowCommand(("zsar", verb, "--run_dir", name), tuple(need.words for need in needs), folder / name)


def plan(*commands: RowCommand) -> TablePlan:
    row = Row(name="A row", figures=())
    table = Table(paper="t2l", key="table1", title="A title", columns=(), rows=(row,))
    return TablePlan(table, ((row, commands),))


@pytest.fixture
def waves(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the jobs that were run together; a command called "bad" fails."""
    ran: list[list[str]] = []

    def run_jobs(jobs: list[table_runs.Job], folder: Path, **settings: object) -> list[Failure]:
        ran.append([job.name for job in jobs])
        return [Failure(job, "zsar", "ended with status 1") for job in jobs if "bad" in job.name]

    monkeypatch.setattr(table_runs, "run_jobs", run_jobs)
    return ran


def test_commands_run_one_by_one_in_order_up_to_a_failure(waves: list[list[str]]) -> None:
    fit = command("fit", "a")
    failures = run_rows(
        plan(fit, command("test", "b", fit), command("test", "bad"), command("test", "c")), RunSettings()
    )
    assert waves == [[f"t2l/table1, A row: {what}"] for what in ("fit out/a", "test out/b", "test out/bad")]
    assert [failure.job.name for failure in failures] == waves[-1]


def test_in_several_processes_a_command_waits_for_what_it_needs(waves: list[list[str]]) -> None:
    fit, other = command("fit", "a"), command("fit", "d")
    later = command("fit", "b", fit)
    run_rows(plan(fit, command("test", "e", later), later, other), RunSettings(jobs=2))
    names = [[name.split("/")[-1] for name in wave] for wave in waves]
    assert names == [["a", "d"], ["b"], ["e"]]


def test_a_finished_command_stays_finished_until_it_is_to_be_run_again(tmp_path: Path) -> None:
    config = tmp_path / "experiment.yaml"
    config.write_text("a: 1")
    fit = RowCommand(("zsar", "fit", "--config", str(config), "--output", str(config)), (), tmp_path / "out" / "fit")
    settings = RunSettings(output=tmp_path / "out")
    assert not is_finished(fit, settings)
    (record,) = {table_runs._record(fit, settings)}
    record.parent.mkdir(parents=True)
    FinishedCommands(record).add(fit.words, input_states(fit.words))
    assert is_finished(fit, settings)
    check_unchanged(plan(fit), settings)
    assert not is_finished(fit, RunSettings(output=tmp_path / "out", overwrite=True))

    config.write_text("a: 23")
    assert not is_finished(fit, settings)
    with pytest.raises(ValueError, match=r"row 'A row': .*experiment.yaml changed since .*fit began; give --over"):
        check_unchanged(plan(fit), settings)
    check_unchanged(plan(fit), RunSettings(output=tmp_path / "out", overwrite=True))


def test_a_fit_is_not_resumed_with_other_inputs_than_it_began_with(tmp_path: Path, waves: list[list[str]]) -> None:
    start, folder = tmp_path / "start.ckpt", tmp_path / "fit"
    start.write_text("a")
    fit = RowCommand(("zsar", "fit", "--model.start_from", str(start), "--run_dir", str(folder)), (), folder)
    settings = RunSettings(output=tmp_path / "out")
    for text in ("ab", "abc"):  # a fit without a checkpoint begins again
        run_rows(plan(fit), settings)
        start.write_text(text)
    run_rows(plan(fit), settings)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "last.ckpt").touch()
    run_rows(plan(fit), settings)
    assert len(waves) == 4

    start.write_text("another")
    for run in (check_unchanged, run_rows):  # a start that is trained again changes after the first of them
        with pytest.raises(ValueError, match=r"start.ckpt changed since the training in .*fit began; give --overwrite"):
            run(plan(fit), settings)
    assert len(waves) == 4
    run_rows(plan(fit), RunSettings(output=tmp_path / "out", overwrite=True))
    run_rows(plan(fit), settings)
    assert len(waves) == 6


def test_records_have_names_of_their_own() -> None:
    long = "x" * 300
    commands = [command("fit", "a/b"), command("test", "a/b"), command("fit", long), command("fit", f"{long}y")]
    others = [RowCommand(("zsar", "extract", name)) for name in "ab"]
    records = {table_runs._record(each, RunSettings()).name for each in [*commands, *others]}
    assert len(records) == 6
    assert max(map(len, records)) < 200
