from pathlib import Path

import pytest

from lightning_modules.commands.going_on import command_to_go_on


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("fit --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --ckpt_path old.ckpt --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --config a.yaml --ckpt_path=old.ckpt", "zsar fit --config a.yaml"),
        ("fit --overwrite true --config a.yaml", "zsar fit --config a.yaml"),
        ("fit --overwrite --config a.yaml", "zsar fit --config a.yaml"),
    ],
)
def test_the_command_is_the_same_but_for_where_it_begins(arguments: str, command: str) -> None:
    assert command_to_go_on(arguments.split(), "runs/last.ckpt") == f"{command} --ckpt_path runs/last.ckpt"


def test_it_can_be_pasted_into_a_shell_and_names_files_as_short_as_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = command_to_go_on(["fit", "--run_dir", "my run"], tmp_path / "my run" / "last.ckpt")
    assert said == "zsar fit --run_dir 'my run' --ckpt_path 'my run/last.ckpt'"
