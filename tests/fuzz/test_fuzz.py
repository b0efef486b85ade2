"""Of mutated files only what is in them or a typed error comes out, within limits of time and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.fuzz import bad_readers
from tests.fuzz.__main__ import main
from tests.fuzz.families import FAMILIES
from tests.fuzz.harness import cases, first_faults, run_cases
from tests.fuzz.known_faults import KNOWN_FAULTS
from tests.fuzz.outcomes import READ, REFUSED, Outcome
from tests.fuzz.worker import case_bytes

N_CASES = {"video": 200, "text": 450}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_mutated_files_are_read_or_refused_by_name(family: str, sound_files: dict[str, Path]) -> None:
    wanted = cases(family, N_CASES[family], first=100_000)
    outcomes = list(run_cases(family, wanted, sound_files[family], seed=0))
    assert len(outcomes) == len(wanted)
    assert not any(outcome.is_fault for outcome in outcomes), first_faults(outcomes, 20)
    # Mutations that all are refused at the door, or that change nothing, would test little.
    assert {READ, REFUSED} <= {outcome.kind for outcome in outcomes}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_what_once_was_a_fault_is_none_any_more(family: str, sound_files: dict[str, Path]) -> None:
    outcomes = list(run_cases(family, KNOWN_FAULTS[family], sound_files[family], seed=0))
    assert not any(outcome.is_fault for outcome in outcomes), first_faults(outcomes, 20)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_sound_files_are_read(family: str, sound_files: dict[str, Path], tmp_path: Path) -> None:
    for name in FAMILIES[family].names:
        path = tmp_path / name
        path.write_bytes((sound_files[family] / name).read_bytes())
        assert FAMILIES[family].exercise(name, path, 0)[0] == READ, name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_number_makes_the_same_case_again(family: str, sound_files: dict[str, Path]) -> None:
    name = next(iter(FAMILIES[family].names))
    some = [case_bytes(family, sound_files[family], 0, name, number) for number in range(30)]
    assert some == [case_bytes(family, sound_files[family], 0, name, number) for number in range(30)]
    assert some != [case_bytes(family, sound_files[family], 1, name, number) for number in range(30)]
    assert len(set(some)) > 20


@pytest.mark.slow
def test_the_harness_sees_every_fault(tmp_path: Path) -> None:
    bad_readers.write_seeds(tmp_path)
    wanted = [(name, 1) for name in bad_readers.READERS if name != "hang"]
    outcomes = [
        *run_cases("bad readers", wanted, tmp_path, seed=0, most_seconds=60.0),  # taking memory may itself be slow
        *run_cases("bad readers", [("hang", 1)], tmp_path, seed=0, most_seconds=1.0),
    ]
    assert {outcome.seed_name: outcome.kind for outcome in outcomes} == {name: name for name in bad_readers.READERS}
    assert "hang" in next(outcome.detail for outcome in outcomes if outcome.kind == "hang")  # the place where it was


@pytest.mark.parametrize(
    "arguments", [["--jobs", "0"], ["--video", "-1"], ["--text", "many"], ["--only", "no-such-file.mp4"]]
)
def test_a_wrong_option_of_the_fuzz_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert f"{arguments[0]}" in capsys.readouterr().err


@pytest.mark.slow
def test_the_fuzz_counts_outcomes_and_keeps_the_files_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcomes(family: str, wanted: Sequence[tuple[str, int]], *_: object, **__: object) -> Iterator[Outcome]:
        yield from (Outcome(name, number, (READ, "hang")[number % 2], "[/b] at x:1") for name, number in wanted)

    monkeypatch.setattr("tests.fuzz.__main__.run_cases", outcomes)
    arguments = ["--video", "0", "--only", "classes.txt", "--output", str(tmp_path)]
    assert main([*arguments, "--text", "90"]) == 1
    assert sorted(path.name for path in tmp_path.rglob("classes*")) == ["classes-1.txt", "classes-1.txt.txt"]
    said = capsys.readouterr().out
    assert "1 faults" in said
    assert next(line for line in said.splitlines() if line.startswith("all")).split()[1:4] == ["2", "0", "1"]
    assert main([*arguments, "--text", "1"]) == 0
