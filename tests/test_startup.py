"""What a command needs to read its command line: none of the modules that take seconds to import."""

import json
import subprocess
import sys

import pytest

from zsar.lightning_modules.command_line.cli import COMMANDS

HEAVY = ("torch", "torchvision", "lightning", "open_clip", "av", "matplotlib", "transformers", "torchmetrics", "wandb")
SMALL = sorted(name for name, (_, module) in COMMANDS.items() if module is not None)
OF_LIGHTNING = sorted(name for name, (_, module) in COMMANDS.items() if module is None)
# A command line, and the exit status with which it is answered. An option that resembles none of zsar's may be one of
# Lightning's, which only its parser knows.
LINES = [
    *(((name, *rest), status) for name in SMALL for rest, status in ((("--help",), 0), (("--not_there",), 2))),
    *(
        ((name, *rest), status)
        for name in OF_LIGHTNING
        for rest, status in ((("--help",), 0), ((), 2), (("--modle", "T2L"), 2), (("--config", "not_there.yaml"), 2))
    ),
    (("--help",), 0),
    (("--version",), 0),
    (("not_there",), 2),
]
SCRIPT = """
import json, sys
from zsar.lightning_modules.command_line.cli import main
heavy, lines = json.loads(sys.argv[1])
answered = {}
for arguments in lines:
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code
    answered[" ".join(arguments)] = [status, [m for m in heavy if m in sys.modules]]
print("\\n" + json.dumps(answered))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[object]]:
    """Exit status and heavy modules after each command line, in one process: a heavy one shows in all that follow."""
    command = [sys.executable, "-c", SCRIPT, json.dumps([HEAVY, [line for line, _ in LINES]])]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    answered: dict[str, list[object]] = json.loads(process.stdout.splitlines()[-1])
    return answered


@pytest.mark.parametrize(("line", "status"), LINES)
def test_a_command_line_is_read_before_anything_heavy_is_imported(
    imported: dict[str, list[object]], line: tuple[str, ...], status: int
) -> None:
    assert imported[" ".join(line)] == [status, []]


def test_a_small_command_ends_without_a_search_for_garbage() -> None:
    """Which takes seconds once torch and Lightning are imported: what is frozen is not searched."""
    code = (
        "import atexit, gc\natexit.register(lambda: print('frozen', gc.get_freeze_count() > 1000))\n"
        "from zsar.lightning_modules.command_line.cli import main\nmain(['picture', '--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("frozen True\n")
