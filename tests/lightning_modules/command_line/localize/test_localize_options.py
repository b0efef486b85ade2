from pathlib import Path
from typing import get_args

import pytest

from zsar.api.localization.method_settings import Method
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.localize.localize_options import (
    COMMAND,
    LocalizeOptions,
)
from zsar.lightning_modules.command_line.localize.requested_search import LOCALIZERS, requested_clip, requested_stride
from zsar.lightning_modules.localization.localizer import ActionLocalizer


def parsed(*arguments: object) -> LocalizeOptions:
    return COMMAND.parse(["video.mp4", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--threshold", 0.5), "--threshold has no effect with --method t3al; leave it out"),
        (("--method", "frame-wise", "--steps", 0), "--steps has no effect with --method frame-wise; leave it out"),
        (("--method", "frame-wise", "--no-suppress"), "--suppress has no effect with --method frame-wise"),
        (("--method", "frame-wise", "--captions", "c"), "--captions has no effect with --method frame-wise"),
        (("--method", "frame-wise", "--smooth-seconds", 0), "--smooth_seconds has no effect with"),
        (("--method", "frame-wise", "--pseudo-labels", 1), "--pseudo_labels has no effect with"),
        (("--method", "frame-wise", "--seed", 0), "--seed has no effect with"),
        (("--method", "frame-wise", "--threshold", 1), "--threshold must be less than 1; got 1.0"),
        (("--checkpoint", "c.ckpt", "--steps", 1), "--steps has no effect with --method frame-wise; leave it out"),
        (("--checkpoint", "c.ckpt", "--architecture", "tiny-clip"), "--checkpoint names its own architecture; leave"),
        (("--steps", -1), "--steps must be at least 0; got -1"),
        (("--smooth-seconds", "inf"), "--smooth_seconds must be at most 86,400; got inf"),
        (("--pseudo-labels", 0), "--pseudo_labels must be at least 1; got 0"),
        (("--margin", 0.1), "--margin goes with --pseudo_labels of 2 or more; got 0.1"),
        (("--pseudo-labels", 2, "--margin", 3), "--margin must be at most 2.0; got 3.0"),
        (("--captions", "c", "--no-suppress"), "--captions c has no effect with --no_suppress; leave one of them out"),
        (("--batch-size", 0), "--batch_size must be at least 1; got 0"),
        (("--n-workers", -1), "--n_workers must be at least 0; got -1"),
    ],
)
def test_options_that_do_not_fit_are_explained(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--steps", 0, "--smooth-seconds", 0, "--seed", 0, "--no-suppress"),
        ("--pseudo-labels", 3),
        ("--pseudo-labels", 3, "--margin", 0),
        ("--method", "frame-wise", "--threshold", 0),
        ("--checkpoint", "c.ckpt", "--threshold", 0.5),
        ("--checkpoint", "c.ckpt", "--weights", "w.pt", "--method", "frame-wise"),
    ],
)
def test_options_that_fit_are_accepted(arguments: tuple[object, ...]) -> None:
    assert parsed(*arguments).videos == (Path("video.mp4"),)


@pytest.mark.parametrize(
    ("arguments", "stride"),
    [
        ((), FrameStride(frames=None, seconds=0.25)),
        (("--stride", 3), FrameStride(frames=3)),
        (("--stride-seconds", 2), FrameStride(frames=None, seconds=2.0)),
    ],
)
def test_a_quarter_of_a_second_lies_between_two_frames_unless_said(
    arguments: tuple[object, ...], stride: FrameStride
) -> None:
    assert requested_stride(parsed(*arguments)) == stride


@pytest.mark.parametrize(
    ("arguments", "weights"),
    [
        ((), "mscoco_finetuned_laion2B-s13B-b90k"),
        (("--weights", "w.pt"), "w.pt"),
        (("--architecture", "ViT-B-16-quickgelu"), "openai"),
        (("--architecture", "hf-hub:a/b"), None),
    ],
)
def test_weights_follow_the_architecture_unless_said(arguments: tuple[object, ...], weights: str | None) -> None:
    assert requested_clip(parsed(*arguments)).weights == weights


def test_a_stride_in_frames_and_in_seconds_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--stride", 1, "--stride-seconds", 1)
    assert "--stride_seconds: not allowed with argument --stride" in capsys.readouterr().err
    with pytest.raises(ValueError, match="--stride must be at least 1; got 0"):
        parsed("--stride", 0)


@pytest.mark.parametrize(
    ("arguments", "method"),
    [
        ((), "t3al"),
        (("--checkpoint", "c.ckpt"), "frame-wise"),
        (("--method", "frame-wise"), "frame-wise"),
        (("--method", "t3al", "--checkpoint", "c.ckpt"), "t3al"),  # which the checkpoint's model then rejects by name
    ],
)
def test_the_method_follows_the_model_unless_said(arguments: tuple[object, ...], method: str) -> None:
    assert parsed(*arguments).method_name == method


def test_every_localizer_with_a_name_is_a_method_of_the_command() -> None:
    kinds = [kind for kind in ActionLocalizer.__subclasses__() if kind.__module__.startswith("zsar.")]
    named = {kind.method: kind for kind in kinds if kind.method}
    assert named == LOCALIZERS
    assert set(named) == set(get_args(Method))
