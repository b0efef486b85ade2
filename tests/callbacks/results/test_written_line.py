from pathlib import Path

import pytest

from zsar.callbacks.results.written_line import say_written
from zsar.lightning_modules.run_folders.dry_runs import DRY_RUN_PREFIX


def test_a_file_is_named_and_one_that_is_thrown_away_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    say_written(Path("runs/a/results.json"))
    say_written(Path("runs/a/pictures"), "3 of 4 pictures into")
    say_written(Path("/tmp") / f"{DRY_RUN_PREFIX}x1" / "results.json")
    assert capsys.readouterr().out == "wrote runs/a/results.json\nwrote 3 of 4 pictures into runs/a/pictures\n"


def test_no_callback_says_it_in_another_way() -> None:
    folder = Path(__file__).parents[3] / "callbacks"
    others = [path for path in folder.rglob("*.py") if path.name != "written_line.py"]
    assert [path.name for path in others if 'print(f"wrote' in path.read_text()] == []
