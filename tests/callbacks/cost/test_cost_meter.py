from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from zsar.callbacks.cost import cost_meter, model_cost
from zsar.callbacks.cost.cost_meter import CostMeter, peak_memory
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings

CPU = torch.device("cpu")


def quiet(**more: Any) -> Trainer:
    return Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, **more)


def test_seconds_videos_and_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 14.0])
    monkeypatch.setattr(cost_meter, "device_seconds", lambda device: next(times))
    model = FineTunedCLIP(backbone=TrainedClipSettings("tiny-clip", "random"))
    meter = CostMeter()
    meter.start(CPU)
    cost = meter.cost(quiet(), model, n_videos=6, frames_per_view=8)
    assert (cost["seconds"], cost["videos_per_second"], cost["peak_device_mb"]) == (4.0, 1.5, None)
    n_trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert cost["parameters"] == {"total": sum(p.numel() for p in model.parameters()), "trained": n_trained}
    assert (cost["frames_per_view"], cost["image_size"]) == (8, [32, 32])
    assert cost["gflops_per_view"] == pytest.approx(2 * cost["gmacs_per_view"], abs=2e-6)


def test_the_slowest_process_and_the_highest_memory_are_those_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    of_others = [{"seconds": 8.0, "peak_device_mb": 5.0, "peak_host_mb": 1.0}]
    monkeypatch.setattr(cost_meter, "gather_from_all", lambda mine, trainer: [mine, *of_others])
    monkeypatch.setattr(cost_meter, "device_seconds", lambda device: 0.0)
    cost = CostMeter().cost(
        quiet(), ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), n_videos=16, frames_per_view=None
    )
    assert (cost["seconds"], cost["videos_per_second"], cost["peak_device_mb"]) == (8.0, 2.0, 5.0)
    assert cost["peak_host_mb"] == peak_memory(CPU)["peak_host_mb"]


def test_stored_embeddings_and_uncountable_models_have_no_gflops_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def needs_values(*_: object) -> int:
        raise RuntimeError("Tensor.item() cannot be called on meta tensors\nmore")

    meter, model = CostMeter(), ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    meter.start(CPU)
    stored = meter.cost(quiet(), model, n_videos=1, frames_per_view=None)
    assert stored["gflops_per_view"] is stored["gmacs_per_view"] is None
    assert stored["counted"].startswith("nothing: stored embeddings")
    monkeypatch.setattr(model_cost, "counted_flops", needs_values)
    uncounted = meter.cost(quiet(), model, n_videos=1, frames_per_view=8)
    assert uncounted["gflops_per_view"] is None
    assert uncounted["counted"] == (
        "nothing: the model needs values to run (Tensor.item() cannot be called on meta tensors)"
    )


def test_the_memory_of_the_host_is_in_megabytes() -> None:
    before = peak_memory(CPU)["peak_host_mb"]
    taken = torch.ones(60_000_000)  # 240 MB, touched
    after = peak_memory(CPU)["peak_host_mb"]
    assert before is not None
    assert after is not None
    assert 10 < before <= after < 100_000
    assert after >= taken.numel() * 4 / 1e6
    assert peak_memory(CPU)["peak_device_mb"] is None


def test_a_test_records_its_cost(tmp_path: Path, video_tree: Path) -> None:
    module = VideoFolder(train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(2, n_workers=0))
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    quiet(default_root_dir=tmp_path, callbacks=[ResultManifest()]).test(model, datamodule=module, verbose=False)
    content = json.loads((tmp_path / "results.json").read_text())
    cost = content["cost"]
    assert content["seconds"] == cost["seconds"] > 0
    assert cost["videos_per_second"] == pytest.approx(4 / cost["seconds"], rel=0.2)
    assert (cost["frames_per_view"], cost["gflops_per_view"]) == (4, 0.048862)


def test_a_localizer_embeds_single_frames() -> None:
    model = FrameWiseCLIP(backbone=ClipSettings("tiny-clip", "random"))
    meter = CostMeter()
    meter.start(CPU)
    cost = meter.cost(quiet(), model, n_videos=3, frames_per_view=1)
    assert (cost["frames_per_view"], cost["gflops_per_view"]) == (1, 0.012215)
