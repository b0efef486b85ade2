"""Two processes that share a batch, gloo and DDP, against one that has it whole."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.whole_batch import gathered, mean_over_processes

ROOT = Path(__file__).parents[3]
LABELS = (0, 2, 2, 4, 1, 0)  # a class within a process, one in both, and one that nobody shows
SETTINGS: dict[str, dict[str, Any]] = {
    "in_batch": {"contrastive_loss": "in_batch", "diversity_weight": 0.0},
    "all_classes": {"contrastive_loss": "all_classes", "diversity_weight": 0.0},
    "in_batch_diversity": {"contrastive_loss": "in_batch", "diversity_weight": 3.0, "unbiased_diversity": True},
    "in_batch_visual": {"contrastive_loss": "in_batch", "text_adapters": False},
    "in_batch_late_interaction": {"contrastive_loss": "in_batch", "scoring": Scoring("late_interaction")},
}


def test_a_single_process_has_the_whole_batch() -> None:
    part = torch.randn(3, 2, requires_grad=True)
    assert gathered(part) is part
    assert_close(mean_over_processes(part), part.detach())


class Step(torch.nn.Module):
    """Videos and labels to the loss, as a training step has it; a module of its own for DDP."""

    def __init__(self, model: ActionRecognizer) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames: Tensor, labels: Tensor) -> Tensor:
        """The sum of the losses."""
        embeddings = self.model.embed_views(frames)
        texts = self.model.embed_text(self.model.backbone.tokenize([f"class {i}" for i in range(5)]))
        classes = torch.nn.functional.normalize(texts, dim=-1)[:, None]
        losses = self.model.losses(self.model.score(embeddings, classes), embeddings, labels)
        return torch.stack(list(losses.values())).sum()


def loss_and_gradients(settings: dict[str, Any], *, rank: int = 0, n_processes: int = 1) -> dict[str, Tensor]:
    """Of the part of the six videos that a process has."""
    torch.manual_seed(0)
    model = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4, **settings)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)  # adapters begin at zero
    frames = torch.randint(256, (6, 1, 4, 3, 32, 32), dtype=torch.uint8)
    step: torch.nn.Module = Step(model.eval())  # nothing is dropped
    if n_processes > 1:
        step = DistributedDataParallel(step)
    loss = step(frames[rank::n_processes], torch.tensor(LABELS)[rank::n_processes])
    loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {"loss": mean_over_processes(loss), **gradients}


def run_process(rank: int, port: int, path: Path) -> None:
    """One of two processes: all settings, and what it found in a file of its own."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    found = {name: loss_and_gradients(settings, rank=rank, n_processes=2) for name, settings in SETTINGS.items()}
    torch.save(found, path / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Tensor]]]:
    path = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    program = "import sys, pathlib; from tests.lightning_modules.training.test_whole_batch import run_process as run;"
    program += "run(int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]))"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(rank), str(port), str(path)], env=environment, cwd=ROOT)
        for rank in range(2)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    return [torch.load(path / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_two_processes_have_the_loss_and_the_gradient_of_one(
    name: str, of_two: list[dict[str, dict[str, Tensor]]]
) -> None:
    whole = loss_and_gradients(SETTINGS[name])
    assert len(whole) > 3
    for process in of_two:
        assert process[name].keys() == whole.keys()
        for what, value in whole.items():
            assert_close(process[name][what], value, atol=1e-5, rtol=1e-4, msg=f"{what} of {name}")
