"""Each example of the documentation runs: with a tiny model and rendered videos in place of its constants."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.makers.source_tree import ROOT
from tests.makers.videos.class_folders import write_class_folders
from zsar.datamodules.video_files.writing.encoding import write_video

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
CONSTANT = re.compile(r"^([A-Z][A-Z_]*) = (.+)$", flags=re.MULTILINE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_calls_no_part_of_the_command_line(path: Path) -> None:
    assert "command_line" not in path.read_text()


@pytest.fixture
def tiny_constants(tmp_path: Path, tiny_weights: Path) -> dict[str, Any]:
    """What stands for each constant of the examples; one with another name is kept, and must be small already."""
    videos = write_class_folders(tmp_path / "videos")
    one = tmp_path / "holiday.mp4"  # large enough for text that is drawn onto it
    write_video(
        one, np.tile(np.arange(12, dtype=np.uint8)[:, None, None, None] * 20, (1, 96, 128, 3)), frames_per_second=8
    )
    return {
        "VIDEO": str(one),
        "SOURCE": str(one),
        "VIDEOS": str(videos),
        "MODEL": "tiny-clip",
        "ARCHITECTURE": "tiny-clip",
        "WEIGHTS": str(tiny_weights),
        "FRAMES": 2,
        "VIEWS": 4,
        "EPOCHS": 1,
        "BATCH_SIZE": 4,
        "WORKERS": 0,
        "OUTPUT": str(tmp_path / "output"),
    }


def with_constants(text: str, values: dict[str, Any]) -> str:
    """An example whose constants are replaced, line by line."""

    def replaced(line: re.Match[str]) -> str:
        name, stated = line.groups()
        if name not in values:
            return line[0]
        value = values[name]
        if name == "OUTPUT" and (suffix := re.match(r'"[^"]*(\.\w+)"', stated)):
            value = f"{value}{suffix[1]}"  # a file of this kind
        return f"{name} = {value!r}"

    return CONSTANT.sub(replaced, text)


def test_there_are_examples() -> None:
    assert {"train.py", "prompt_tuning.py"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_states_what_a_reader_changes_at_its_top(example: Path) -> None:
    text = example.read_text()
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 60
    assert CONSTANT.search(text)
    last = [line.end() for line in CONSTANT.finditer(text)][-1]
    assert "def " not in text[:last], "constants stand above the code"


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tiny_constants: dict[str, Any], tmp_path: Path) -> None:
    script = tmp_path / example.name
    script.write_text(with_constants(example.read_text(), tiny_constants))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() or Path(str(tiny_constants["OUTPUT"])).exists(), "it shows or writes what it found"
