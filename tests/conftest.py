"""Fixtures of all tests: tiny models and rendered videos; no network."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import open_clip
import pytest
import torch
from torch.utils.data._utils.signal_handling import _error_if_any_worker_fails

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported: nothing may wait for a network
os.environ["ZSAR_TRUSTED_MODULES"] = "tests.makers.command_line.killing"  # our callbacks that command lines name

from tests.makers.configs.parsing import ParsingCLI, parsed, without_weights
from tests.makers.configs.small_experiment import write_small_experiment
from tests.makers.source_tree import SHARED
from tests.makers.videos.class_folders import write_class_folders
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.processes.dead_workers import further_deaths_unsaid

torch.set_num_threads(1)  # pytest-xdist keeps the cores busy, and sums come out alike in every process


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays, and is not searched for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Each test starts from the same random numbers and leaves no seed of a run behind."""
    torch.manual_seed(0)
    yield
    os.environ.pop("PL_GLOBAL_SEED", None)


@pytest.fixture(autouse=True)
def _model_configs_of_a_test() -> Iterator[None]:
    """A test's JSON configs are forgotten with it: open_clip tells models by the names of their files."""
    known = open_clip.factory._MODEL_CONFIGS
    before = set(known)
    yield
    for name in set(known) - before:
        del known[name]


@pytest.fixture(autouse=True)
def _deaths_of_a_test() -> Iterator[None]:
    """Workers that a test killed are not reported to the next: PyTorch raises one death a signal, at any line."""
    yield
    with further_deaths_unsaid():
        while _raises_a_death():
            pass


def _raises_a_death() -> bool:
    try:
        _error_if_any_worker_fails()
    except RuntimeError:
        return True
    return False


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the tiny CLIP, untrained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), path)
    return path


@pytest.fixture
def shared_clips() -> Path:
    """The folder of real clips; skips where the workplace does not have it."""
    clips = SHARED / "clips"
    if not clips.is_dir():
        pytest.skip(f"{clips} is not here")
    return clips


@pytest.fixture
def video_tree(tmp_path: Path) -> Path:
    """Four classes of five small videos each, a folder per class; each class has a colour."""
    return write_class_folders(tmp_path / "videos")


@pytest.fixture
def experiment(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> Path:
    """A small experiment: T2L on four classes, base to novel, no worker processes."""
    return write_small_experiment(tmp_path, videos=video_tree, weights=tiny_weights)


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ParsingCLI]:
    """Parses a command line; builds its model without weights, and runs nothing."""
    without_weights(monkeypatch)
    return parsed
