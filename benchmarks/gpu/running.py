"""Whole commands on the device: `zsar extract`, `zsar fit` with one process of DDP; late interaction beside einsum."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import bench_late_interaction
from benchmarks.gpu.profiled import profiled
from benchmarks.gpu.setting import Case, Figures, Setting
from zsar.lightning_modules.command_line.extract import extract
from zsar.lightning_modules.command_line.extract.extract_options import COMMAND
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import (
    FRAMES_PER_SECOND,
    SECONDS,
    render_clip,
)
from zsar.runtime.processes.cpu_count import cpu_count

_DDP = "lightning.pytorch.strategies.DDPStrategy"
_DECODE_BOUND = 0.8  # of the tower's own rate


def extraction(setting: Setting) -> Iterator[Case]:
    """`zsar extract` on copies of the rendered video, beside what the tower alone does."""
    yield "zsar extract, fp32", partial(_extract, setting)


def ddp(setting: Setting) -> Iterator[Case]:
    """`zsar fit` with one process that belongs to a group: NCCL on a GPU."""
    yield "zsar fit, one process of DDP", partial(_fit, setting)


def late_interaction(setting: Setting) -> Iterator[Case]:
    """AP-CLIP's scorer, forward and backward at the size of Kinetics-400, in its own blocks and in one block."""
    for block_mb, blocks in ((None, "its own blocks"), (64.0, "blocks of 64 MB")):
        yield f"late interaction, {blocks}", partial(_late_interaction, setting, block_mb)


def _extract(setting: Setting) -> Figures:
    architecture = "tiny-clip" if setting.small else "ViT-B-16-quickgelu"
    batch, n_videos = ("16", 1) if setting.small else ("256", 40)
    named = ["--model", "FrameWiseCLIP", "--model.backbone.architecture", architecture, "--what", "forward"]
    row = profiled([*named, "--batch_size", batch, *setting.profile_options()])
    tower = row["forward"]["frames_per_second"]
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        videos = Path(folder) / "videos"
        videos.mkdir()
        rendered = render_clip(videos)
        for number in range(1, n_videos):
            shutil.copy(rendered, videos / f"copy_{number:02d}.mp4")
        options = [str(videos), "--output", f"{folder}/features", "--architecture", architecture, "--weights", "random"]
        more = ["--stride", "10", "--n_workers", "0"] if setting.small else []
        parsed = COMMAND.parse([*options, "--device", setting.device, "--batch_size", batch, *more])
        began = time.perf_counter()
        if extract.run(parsed) != 0:
            raise RuntimeError("zsar extract could not read the rendered video")
        seconds = time.perf_counter() - began
    frames = n_videos * SECONDS * FRAMES_PER_SECOND // (10 if setting.small else 1)
    rate = frames / seconds
    bound = "decode-bound" if rate < _DECODE_BOUND * tower else "not decode-bound"
    notes = f"the tower alone {tower:.4g} frames/s, {cpu_count()} cores: {bound}; workers started in this time"
    record = {"frames": frames, "seconds": seconds, "tower_frames_per_second": tower}
    return Figures(f"{rate:.4g} frames/s", row["forward"]["peak_device_mb"], notes, record)


def _fit(setting: Setting) -> Figures:
    on_cpu = setting.device == "cpu"
    accelerator, backend, precision = ("cpu", "gloo", "32-true") if on_cpu else ("gpu", "nccl", "bf16-mixed")
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        command = [sys.executable, "-m", "zsar", "fit", "--config", "configs/experiment/moving_shapes_tfd.yaml"]
        trainer = {"accelerator": accelerator, "devices": 1, "precision": precision, "strategy": _DDP}
        trainer |= {"strategy.process_group_backend": backend}
        trainer |= {"max_epochs": 1, "limit_train_batches": 4, "limit_val_batches": 1}
        command += [word for name, value in trainer.items() for word in (f"--trainer.{name}", str(value))]
        command += ["--model.backbone.weights", "random", "--data.data_root", folder, "--run_dir", f"{folder}/run"]
        command += ["--data.n_train", "2", "--data.n_test", "1", "--data.split.held_out_fraction", "0.5"]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
    if done.returncode != 0:
        printed = " ".join((done.stdout + done.stderr).split())
        raise RuntimeError(f"zsar fit ended with {done.returncode}: {printed[-400:]}")
    notes = f"{backend}, with start-up, rendering and 4 steps"
    return Figures(f"{seconds:.3g} s", notes=notes, record={"seconds": seconds})


def _late_interaction(setting: Setting, block_mb: float | None) -> Figures:
    name = "forward and backward"
    ours, plain, ratio = bench_late_interaction.compare_times(setting.device, name, setting.repeats, block_mb)
    notes, peak = f"{ratio} x the time of einsum ({plain})", None
    record: dict[str, object] = {"ours": ours, "plain": plain, "ratio": ratio}
    if not setting.small:
        memory = bench_late_interaction.compare_memory(setting.device, name, block_mb)
        record["memory_mb"] = memory
        peak = float(memory[1])
        notes += f", {memory[6]} x its temporary memory"
    return Figures(ours, peak, notes, record)
