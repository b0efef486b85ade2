"""What a command needs to read its command line: none of the modules that take seconds to import."""

import json
import subprocess
import sys

import pytest

from zsar.lightning_modules.command_line.cli import COMMANDS

HEAVY = ("torch", "torchvision", "lightning", "open_clip", "av", "matplotlib", "transformers", "torchmetrics", "wandb")
SMALL = sorted(name for name, (_, module) in COMMANDS.items() if module is not None)
SCRIPT = """
import json, sys
from zsar.lightning_modules.command_line.cli import main
heavy = {}
for name in sys.argv[2:]:
    for arguments in ([name, "--help"], [name, "--not_there"]):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code
        heavy[" ".join(arguments)] = [status, [m for m in json.loads(sys.argv[1]) if m in sys.modules]]
print("\\n" + json.dumps(heavy))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[object]]:
    """Exit status and heavy modules after each command line, in one process: a heavy one shows in all that follow."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(HEAVY), *SMALL]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    answered: dict[str, list[object]] = json.loads(process.stdout.splitlines()[-1])
    return answered


@pytest.mark.parametrize("command", SMALL)
def test_a_command_line_is_read_before_anything_heavy_is_imported(
    imported: dict[str, list[object]], command: str
) -> None:
    assert imported[f"{command} --help"] == [0, []]
    assert imported[f"{command} --not_there"] == [2, []]
