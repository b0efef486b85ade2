"""Training steps of T2L and AP-CLIP at their published batch sizes, in bf16 and fp16, compiled, and with fused AdamW.

Steps are those of `zsar profile`: Lightning's trainer with the model's `training_step`, which stops where a loss is not
finite. zsar has no option for a compiled tower or a fused optimizer; these cases replace `encode_frames` by
`torch.compile` of it, and `torch.optim.AdamW` by its fused version, to see what an option would be worth.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.gpu.profiled import profiled
from benchmarks.gpu.setting import Case, Figures, Setting
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.processes.cpu_count import cpu_count

_TEXTS = Path(__file__).parents[2] / "datamodules" / "class_text" / "texts" / "ucf101_action_prompts.json"


def t2l(setting: Setting) -> Iterator[Case]:
    """T2L in each precision; compiled; with fused AdamW; and whether decoding keeps up."""
    experiment = "experiment/moving_shapes_t2l" if setting.small else "experiment/t2l_kinetics400"
    options = [experiment, *setting.profile_options()]
    for precision in setting.mixed_precisions:
        yield f"T2L, {precision}", partial(_step, [*options, "--precision", precision, "--what", "train"])
    options += ["--precision", "bf16-mixed"]
    yield "T2L, bf16-mixed, fused AdamW", partial(_fused, [*options, "--what", "train"])
    yield "T2L, bf16-mixed, torch.compile of the frames", partial(_compiled, setting, options)
    yield "T2L, bf16-mixed, is it decode-bound?", partial(_decoding, [*options, "--what", "train,decode"])


def ap_clip(setting: Setting) -> Iterator[Case]:
    """AP-CLIP in each precision: all 36 prompts of each of the 400 classes go through the text tower in every step."""
    for precision in setting.mixed_precisions:
        yield f"AP-CLIP, {precision}", partial(_ap_clip_step, setting, precision)


def _ap_clip_step(setting: Setting, precision: str) -> Figures:
    options = [*setting.profile_options(), "--precision", precision, "--what", "train"]
    if setting.small:
        return _step(["experiment/moving_shapes_ap_clip", *options])
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        prompts = _kinetics_prompts(Path(folder))
        return _step(["experiment/ap_clip_kinetics400", *options, "--data.text.descriptions", str(prompts)])


def _kinetics_prompts(folder: Path) -> Path:
    """A file of action prompts for the 400 classes, of which zsar includes none: those of UCF-101, again and again."""
    content = json.loads(_TEXTS.read_text(encoding="utf-8"))
    texts = list(content["classes"].values())
    names = exact_names("kinetics400")
    content |= {"data_set": "Kinetics-400", "classes": {n: texts[i % len(texts)] for i, n in enumerate(names)}}
    file = folder / "kinetics400_action_prompts.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def _step(arguments: list[str]) -> Figures:
    return _training(profiled(arguments))


def _training(row: dict[str, Any]) -> Figures:
    step, classes = row["train"], row["classes"]["fit"]
    notes = f"batch {step['videos_per_step']}, {classes['n']} classes x {classes['prompts_per_class']} prompts"
    rate = f"{1 / step['step_seconds']:.3g} steps/s, {step['videos_per_second']:.4g} videos/s"
    return Figures(rate, step["peak_device_mb"], f"{notes}; loss finite", row)


def _fused(arguments: list[str]) -> Figures:
    with patch.object(torch.optim, "AdamW", partial(torch.optim.AdamW, fused=True)):
        return _step(arguments)


def _compiled(setting: Setting, options: list[str]) -> Figures:
    backend = "aot_eager" if setting.small else "inductor"
    compiled = torch.compile(OpenClipBackbone.encode_frames, backend=backend)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    with patch.object(OpenClipBackbone, "encode_frames", compiled):
        figures = _step([*options, "--what", "train"])
    counted = torch._dynamo.utils.counters
    graphs, breaks = counted["stats"]["unique_graphs"], sum(counted["graph_break"].values())
    if not graphs:
        raise RuntimeError("torch.compile compiled nothing: the model does not call encode_frames")
    return Figures(
        figures.rate, figures.peak_mb, f"{figures.notes}; {backend}, {graphs} graphs, {breaks} breaks", figures.record
    )


def _decoding(arguments: list[str]) -> Figures:
    row = profiled(arguments)
    decode, cores = row["decode"]["train"], cpu_count()
    needed = decode["processes_that_feed_the_model"]
    bound = "decode-bound" if needed > cores else "not decode-bound"
    rate = f"{decode['clips_per_second']:.4g} clips/s a process"
    return Figures(rate, notes=f"{needed} processes feed the step, {cores} cores: {bound}", record=row)
