from __future__ import annotations

from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch.expansion import Job, jobs_of, restricted
from zsar.lightning_modules.command_line.batch.sweep_files import Step, Sweep, SweptCommand, read_sweep

ROOT = Path(__file__).parents[4]
VARIABLES = {
    "model": {"plain": {"more": ""}, "t2l": {"more": "--ckpt {folder}/{seed}.ckpt"}},
    "view": {"a": {}, "b": {}},
    "seed": {"0": {}, "1": {}},
}


def sweep(*steps: Step, **lists: str) -> Sweep:
    return Sweep("runs/x", 1, None, VARIABLES, lists, steps)


def step(*commands: str | SweptCommand, each: tuple[str, ...] = ()) -> Step:
    return Step(each, tuple(c if isinstance(c, SweptCommand) else SweptCommand(c, {}) for c in commands))


def lines(jobs: list[Job]) -> list[list[str]]:
    return [[" ".join(command) for command in job.commands] for job in jobs]


def test_every_combination_is_a_process_which_runs_the_commands_in_order() -> None:
    (jobs,) = jobs_of(sweep(step("zsar fit {model}/{seed}", "zsar test {model}/{seed}", each=("model", "seed"))))
    assert lines(jobs) == [[f"zsar fit {m}/{s}", f"zsar test {m}/{s}"] for m in ("plain", "t2l") for s in "01"]
    assert [job.name for job in jobs][:2] == ["model=plain seed=0", "model=plain seed=1"]
    assert jobs[0].file_stem == "step1_model=plain_seed=0"


def test_a_variable_that_the_process_does_not_fix_is_gone_through_in_it() -> None:
    (jobs,) = jobs_of(sweep(step("zsar test {view}", "zsar extract {seed}", each=("seed",))))
    assert lines(jobs) == [["zsar test a", "zsar test b", f"zsar extract {s}"] for s in "01"]


def test_extras_are_filled_in_and_may_name_variables_themselves() -> None:
    (jobs,) = jobs_of(sweep(step("zsar test {model.more}", each=("model",))))
    assert lines(jobs) == [
        ["zsar test", "zsar test"],
        ["zsar test --ckpt runs/x/0.ckpt", "zsar test --ckpt runs/x/1.ckpt"],
    ]


def test_where_leaves_out_other_values_and_processes_without_commands() -> None:
    (jobs,) = jobs_of(sweep(step(SweptCommand("zsar fit {seed}", {"model": ("t2l",)}), each=("model", "seed"))))
    assert [job.name for job in jobs] == ["model=t2l seed=0", "model=t2l seed=1"]
    with pytest.raises(ValueError, match="`where` names 'view', which neither `each` nor the command has"):
        jobs_of(sweep(step(SweptCommand("zsar fit {seed}", {"view": ("a",)}))))


def test_a_command_is_needless_where_its_file_is_there(tmp_path: Path) -> None:
    command = SweptCommand("zsar pretrain-tiny {seed}", {}, f"{tmp_path}/{{seed}}.pt")
    (tmp_path / "1.pt").touch()
    assert lines(jobs_of(sweep(step(command, each=("seed",))))[0]) == [["zsar pretrain-tiny 0"]]


def test_a_list_is_a_word_for_each_combination_in_the_order_of_the_variables() -> None:
    ((job,),) = jobs_of(sweep(step("zsar summarize {runs} --output {folder}/a"), runs="{folder}/{seed} {view}"))
    runs = tuple(f"runs/x/{seed} {view}" for view in "ab" for seed in "01")
    assert job.commands == (("zsar", "summarize", *runs, "--output", "runs/x/a"),)


def test_braces_without_a_name_are_as_they_are() -> None:
    ((job,),) = jobs_of(sweep(step('zsar localize --template "a photo of a {}"')))
    assert job.commands[0][-1] == "a photo of a {}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zsar test {sed}", r"\{sed\} is not a variable of the sweep; did you mean seed"),
        ("zsar test {model.moree}", "model has no extra 'moree'; did you mean more"),
        ("zsar test {seed.more}", "seed has no extra 'more'; it has none"),
        ("rm {seed}", "must be a command as in the shell.*got 'rm 0'"),
    ],
)
def test_what_has_no_meaning_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jobs_of(sweep(step(text, each=("model",))))


def test_a_sweep_that_nobody_wants_is_refused() -> None:
    many = {name: {str(i): {} for i in range(100)} for name in ("a", "b", "c")}
    with pytest.raises(ValueError, match="could have 1,000,000 commands, more than the limit of 100,000"):
        jobs_of(Sweep("x", 1, None, many, {}, (step("zsar fit {a}"),)))


def test_a_sweep_can_be_restricted_also_in_its_lists() -> None:
    whole = sweep(step("zsar summarize {runs}"), runs="{model}/{seed}")
    ((job,),) = jobs_of(restricted(whole, {"seed": ("1",)}))
    assert job.commands[0][2:] == ("plain/1", "t2l/1")
    with pytest.raises(ValueError, match="--only sed=...: the sweep has no such variable; did you mean seed"):
        restricted(whole, {"sed": ("1",)})
    with pytest.raises(ValueError, match="--only seed=7: seed has no such value; it is one of 0, 1"):
        restricted(whole, {"seed": ("7",)})


@pytest.mark.parametrize("path", sorted((ROOT / "configs/sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_sweeps_train_before_they_test_and_replace_what_they_did_before(path: Path) -> None:
    made: set[str] = set()
    summarized: set[str] = set()
    for jobs in jobs_of(read_sweep(path)):
        for words in (words for job in jobs for words in job.commands):
            if words[1] in ("fit", "test"):
                assert "--overwrite" in words
                folder = words[words.index("--run_dir") + 1]
                if words[1] == "fit" or "--ckpt_path" not in words:
                    made.add(folder)
                else:
                    assert str(Path(words[words.index("--ckpt_path") + 1]).parents[1]) in made
                    made.add(folder)
            elif words[1] == "summarize":
                first, *compared = " ".join(words[2:]).replace(" --output ", " --compare ").split(" --compare ")
                runs, rows = first.removeprefix("--compare ").split(), [row for row in compared if " " in row]
                summarized |= set() if first.startswith("--compare ") else set(runs)
                assert {folder for row in rows for folder in row.split()} <= {str(Path(run).parent) for run in made}
    assert summarized
    assert summarized <= made


def test_a_job_may_have_a_title_and_a_file_stem_of_its_own() -> None:
    job = Job(1, {"seed": "0"}, (), title="t2l/table7, All layers", stem="fit_runs")
    assert (job.name, job.file_stem) == ("t2l/table7, All layers", "fit_runs")
