from pathlib import Path

import pytest

from tests.makers.configs.shipped import CONFIGS
from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.data_sets import UntrimmedShapes
from zsar.lightning_modules.command_line.profile.built_row import (
    build_model,
    build_trimmed,
    build_tuning,
    build_untrimmed,
    run_settings,
)
from zsar.lightning_modules.command_line.profile.profile_options import COMMAND, ProfileRequest
from zsar.lightning_modules.command_line.profile.requested_rows import RequestedRow, requested_rows
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

T2L = str(CONFIGS / "experiment" / "t2l_kinetics400.yaml")
SMALL = FramePixels(32, "squash", "bilinear")
TINY = ("--model.backbone.architecture", "tiny-clip")


def row(*line: str) -> tuple[RequestedRow, ProfileRequest]:
    request = COMMAND.parse(line)
    (only,) = requested_rows(request)
    return only, request


def test_a_cpu_takes_small_batches_in_fp32_whatever_the_experiment_says() -> None:
    settings = run_settings(*row(T2L, "--device", "cpu"))
    assert (settings.precision, settings.test_batch, settings.train_batch) == ("32-true", 2, 2)
    settings = run_settings(*row(T2L, "--device", "cpu", "--batch_size", "5", "--precision", "bf16-mixed"))
    assert (settings.precision, settings.test_batch, settings.train_batch) == ("bf16-mixed", 5, 5)


def test_a_gpu_takes_those_of_the_experiment() -> None:
    more = ("--data.loading.test_batch_size", "9", "--trainer.gradient_clip_val", "0.5")
    settings = run_settings(*row(T2L, "--device", "cuda", *more))
    assert (settings.precision, settings.test_batch, settings.train_batch) == ("bf16-mixed", 9, 70)
    assert settings.gradient_clip == 0.5


def test_a_localizer_has_no_other_precision() -> None:
    with pytest.raises(ValueError, match="--precision bf16-mixed: T3AL is a localizer, which always runs in fp32"):
        run_settings(*row("--model", "T3AL", "--precision", "bf16-mixed"))


def test_weights_that_are_missing_can_be_random(tmp_path: Path) -> None:
    given, _ = row("--model", "T2L", *TINY, "--model.backbone.weights", str(tmp_path / "none.pt"))
    with pytest.raises(BackboneError, match=r"^T2L: .*none.pt.* Untrained weights cost the same: --random_weights$"):
        build_model(given, random_weights=False, is_empty=False)
    model = build_model(given, random_weights=True, is_empty=False)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_an_empty_model_reads_no_weights_and_takes_no_memory(tmp_path: Path) -> None:
    given, _ = row("--model", "T2L", "--model.backbone.weights", str(tmp_path / "none.pt"))
    model = build_model(given, random_weights=False, is_empty=True)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_the_frames_are_the_model_s_and_another_size_is_refused() -> None:
    given, _ = row("--model", "T2L", *TINY)
    module = build_trimmed(given, pixels=SMALL)
    assert (module.frame_pixels, module.loading.n_workers) == (SMALL, 0)
    stated, _ = row(T2L, *TINY, "--data.clips.image_size", "224")
    with pytest.raises(ValueError, match="data.clips.image_size is 224, but the model takes frames of 32 px"):
        build_trimmed(stated, pixels=SMALL)


def test_prompt_tuning_and_untrimmed_data_are_built_as_stated() -> None:
    tuned, _ = row(str(CONFIGS / "experiment" / "dts_tpt_ucf101.yaml"))
    tuning = build_tuning(tuned)
    assert tuning is not None
    assert tuning.method == "DTS-TPT"
    assert build_trimmed(tuned, pixels=FramePixels(224, "crop", "bicubic")).clips.views is not None
    localizer, _ = row("--model", "T3AL", "--data.loading.stride.frames", "4", "--data", "UntrimmedShapes")
    assert build_tuning(localizer) is None
    module = build_untrimmed(localizer)
    assert isinstance(module, UntrimmedShapes)
    assert module.stride.frames == 4
