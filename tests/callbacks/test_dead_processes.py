import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("rank", [1])
def test_a_process_that_dies_ends_the_run_with_a_line_and_the_last_epoch_is_kept(
    rank: int, experiment: Path, tmp_path: Path
) -> None:
    killer = json.dumps(
        [{"class_path": "tests.makers.command_line.killing.KillRank", "init_args": {"rank": rank, "step": 4}}]
    )
    options = ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--data.loading.batch_size", "2"]
    command = [sys.executable, "-m", "zsar", "fit", "--config", str(experiment), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--trainer.callbacks", killer],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("zsar fit: error: ")]
    assert len(told) == 1
    assert "most often because memory ran out; use fewer workers" in told[0]
    assert "Traceback" not in done.stderr
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 3
