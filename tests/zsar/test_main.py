import subprocess
import sys
from importlib.metadata import version

import pytest


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--version"], 0, f"zsar {version('zsar')}"),
        (["--help"], 0, "usage: zsar COMMAND"),
        (["no-such-command"], 2, "zsar: error: there is no command 'no-such-command'"),
    ],
)
def test_python_m_zsar_is_zsar(arguments: list[str], status: int, said: str) -> None:
    run = subprocess.run([sys.executable, "-m", "zsar", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == status
    assert (run.stdout + run.stderr).startswith(said)


def test_the_import_name_loads_nothing_heavy() -> None:
    code = "import sys, zsar; print([name for name in ('torch', 'lightning', 'av') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
