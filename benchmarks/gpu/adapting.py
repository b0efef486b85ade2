"""Prompt tuning (TPT, DTS-TPT, ZAR) and T3AL: videos a second, and the same answers as on the CPU.

Rates are those of `zsar profile`. Answers are `zsar.classify`'s and `zsar.localize`'s in fp32 for the rendered video,
by a random model whose texts lie apart (the token embedding x 20; else there is nothing to tune). On a GPU the patches
of a frame are embedded in TF32, PyTorch's default for convolutions.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import torch

import zsar
from benchmarks.gpu.profiled import profiled
from benchmarks.gpu.setting import Case, DifferenceError, Figures, Setting
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import render_clip
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

TOLERANCE = 1e-2  # of a probability, and of a score from 0 to 1
_N_CLASSES = 20
_METHODS = {"TPT": "tpt", "DTS-TPT": "dts_tpt", "ZAR": "zar"}


def tuning(setting: Setting) -> Iterator[Case]:
    """The three methods: rate and equality."""
    for name, file in _METHODS.items():
        yield f"{name}, rate", partial(_tuned_rate, setting, file)
        yield f"{name}, as on the CPU?", partial(_same_probabilities, setting, file)


def t3al(setting: Setting) -> Iterator[Case]:
    """T3AL: rate and equality."""
    yield "T3AL, rate", partial(_search_rate, setting)
    yield "T3AL, as on the CPU?", partial(_same_scores, setting)


def _tuned_rate(setting: Setting, file: str) -> Figures:
    experiment = f"shifted_moving_shapes_{file}" if setting.small else f"{file}_ucf101"
    options = [f"experiment/{experiment}", *setting.profile_options(), "--what", "forward"]
    row = profiled(options if setting.small else [*options, "--n_classes", "101"])
    tuned = row["tuned"]
    parts = f"{tuned['encoding_seconds']:.3g} s encoding, {tuned['tuning_seconds']:.3g} s tuning a video"
    return Figures(f"{tuned['videos_per_second']:.3g} videos/s", tuned["peak_device_mb"], parts, row)


def _same_probabilities(setting: Setting, file: str) -> Figures:
    names = _names(setting)
    classes = {name: f"{name}, seen from afar." for name in names} if file == "dts_tpt" else names
    answers = []
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        video = render_clip(Path(folder))
        for device in ("cpu", setting.device):
            model = _spread_model(_architecture(setting)).to(device)
            answers.append(zsar.classify(video, classes, model=model, adaptation=file, n_workers=0))
    here, there = (dict(answer.ranked) for answer in answers)
    untuned = answers[0].untuned
    assert untuned is not None
    moved = _largest_difference(here, dict(untuned.ranked))
    return _compared(_largest_difference(here, there), moved, "probability")


def _search_rate(setting: Setting) -> Figures:
    experiment = (
        "untrimmed_shapes_t3al_without_suppression" if setting.small else "t3al_without_suppression_thumos14_50_50"
    )
    options = [f"experiment/{experiment}", *setting.profile_options(), "--what", "forward"]
    row = profiled(options if setting.small else [*options, "--n_classes", str(_N_CLASSES)])
    minute = row["minute_of_video"]
    seconds = minute["features"] + minute["search"]
    notes = f"{minute['features']:.3g} s features, {minute['search']:.3g} s search"
    rate = f"{1 / seconds:.3g} minutes of video/s"
    return Figures(rate, row["search"]["peak_device_mb"], notes, row)


def _same_scores(setting: Setting) -> Figures:
    curves, found = [], []
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        video = render_clip(Path(folder))
        model = zsar.T3AL(backbone=ClipSettings(_architecture(setting), "random"), suppression=None)
        model.backbone.load_state_dict(_spread_model(_architecture(setting)).backbone.state_dict())
        for device in ("cpu", setting.device):
            answer = zsar.localize(
                video, _names(setting), model=model.eval().to(device), template="{}", stride_seconds=0.2, n_workers=0
            )
            curves.append(torch.stack([curve.scores for curve in answer.curves]))
            found.append(len(answer.segments))
    if curves[0].shape != curves[1].shape or found[0] != found[1]:
        raise DifferenceError(f"the CPU finds {found[0]} segments in {len(curves[0])} curves, the GPU {found[1]}")
    largest = float((curves[0] - curves[1]).abs().max())
    return _compared(largest, float(curves[0].max() - curves[0].min()), "score")


def _compared(largest: float, moved: float, what: str) -> Figures:
    if not largest <= TOLERANCE:
        raise DifferenceError(f"a {what} differs by {largest:.2e} from the CPU's; tolerance {TOLERANCE:g}")
    record = {"largest_difference": largest, "moved": moved, "tolerance": TOLERANCE}
    return Figures(
        f"a {what} differs by {largest:.1e}", notes=f"tolerance {TOLERANCE:g}; range {moved:.1e}", record=record
    )


def _largest_difference(one: dict[str, float], other: dict[str, float]) -> float:
    return max(abs(one[name] - other[name]) for name in one)


def _architecture(setting: Setting) -> str:
    return "tiny-clip" if setting.small else "ViT-B-32-quickgelu"


def _names(setting: Setting) -> list[str]:
    if setting.small:
        return ["a red circle", "a blue square", "a green cross"]
    return list(exact_names("ucf101"))[:_N_CLASSES]


def _spread_model(architecture: str) -> zsar.ZeroShotCLIP:
    """A random model whose texts lie apart; the same one each time."""
    return copy.deepcopy(_made(architecture))


@cache
def _made(architecture: str) -> zsar.ZeroShotCLIP:
    torch.manual_seed(0)
    model = zsar.load(architecture, weights="random", device="cpu")
    assert isinstance(model, zsar.ZeroShotCLIP)
    backbone: OpenClipBackbone = model.backbone
    with torch.no_grad():
        backbone.clip.token_embedding.weight.mul_(20)
        backbone.clip.positional_embedding.mul_(20)
    return model
