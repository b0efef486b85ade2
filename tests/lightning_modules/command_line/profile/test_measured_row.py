import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.makers.configs.shipped import CONFIGS, name
from zsar.callbacks.cost.model_cost import arithmetic
from zsar.lightning_modules.command_line.profile import measured_row as measuring
from zsar.lightning_modules.command_line.profile.built_row import build_model
from zsar.lightning_modules.command_line.profile.measured_row import measured_row
from zsar.lightning_modules.command_line.profile.profile_options import COMMAND
from zsar.lightning_modules.command_line.profile.requested_rows import RequestedRow, requested_rows

TINY = ("--model.backbone.architecture", "tiny-clip", "--random_weights", "--device", "cpu", "--repeats", "1")
COUNT = ("--what", "count", "--device", "cpu")


def measured(rendered: Path, *line: str) -> dict[str, Any]:
    request = COMMAND.parse(line)
    (row,) = requested_rows(request)
    return measured_row(row, request, rendered)


@pytest.mark.slow
def test_counts_alone_touch_nothing_and_know_the_large_models(tmp_path: Path) -> None:
    """T2L on ViT-L/14 (T2L, Table 1), whose weights are not here."""
    line = ("--model", "T2L", "--model.backbone.architecture", "ViT-L-14-quickgelu", *COUNT)
    record = measured(tmp_path / "none", *line)
    assert record["parameters"]["trained"] == 16_360_704
    assert record["gflops_per_video"] == pytest.approx(1351.577764)
    assert "forward" not in record


def test_a_video_of_several_views_costs_them_all(tmp_path: Path) -> None:
    model = ("--model", "ZeroShotCLIP", "--model.backbone.architecture", "tiny-clip")
    more = ("--data", "UCF101", "--data.clips.n_test_clips", "2", "--data.clips.n_test_crops", "3")
    record = measured(tmp_path, *model, *more, *COUNT)
    assert record["views_per_video"] == 6
    assert record["gflops_per_video"] == pytest.approx(6 * record["gflops_per_view"])


def test_all_parts_of_a_recognizer(rendered: Path) -> None:
    record = measured(rendered, "--model", "T2L", *TINY, "--n_classes", "4")
    assert {"text_seconds", "forward", "train", "decode"} <= record.keys()
    assert record["classes"]["test"]["n"] == 4
    assert record["forward"]["frames_per_step"] == record["train"]["frames_per_step"] == 16
    test = record["decode"]["test"]
    needed = record["forward"]["videos_per_second"] / test["clips_per_second"]
    assert needed <= test["processes_that_feed_the_model"] < needed + 1
    assert record["weights"] == "random"


def test_all_parts_of_a_localizer(rendered: Path) -> None:
    line = ("--model", "FrameWiseCLIP", *TINY, "--data", "UntrimmedShapes", "--data.loading.stride.frames", "50")
    record = measured(rendered, *line, "--n_classes", "3")
    assert record["frames_per_view"] == 1
    assert set(record["minute_of_video"]) == {"n_frames", "features", "search", "decode"}
    assert record["minute_of_video"]["n_frames"] == 30
    assert "train" not in record


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("FrameWiseCLIP", "FrameWiseCLIP is a localizer, which is not trained; leave train out of --what"),
        ("ZeroShotCLIP", "ZeroShotCLIP: ZeroShotCLIP has nothing to train; leave train out of --what"),
    ],
)
def test_training_that_is_asked_for_and_is_none_is_an_error(model: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        measured(tmp_path, "--model", model, *TINY, "--what", "train")


@pytest.fixture(scope="module")
def _each_model_once() -> Iterator[None]:
    """Experiments with the same settings of the model, whatever its weights, share it and the count of its frames."""
    models: dict[str, Any] = {}
    counts: dict[tuple[int, int | None], dict[str, Any]] = {}

    def shared_model(row: RequestedRow, **how: bool) -> Any:
        arguments = row.model_arguments
        arguments["backbone"].pop("weights", None)
        key = repr((row.model_class, arguments, how))
        return models[key] if key in models else models.setdefault(key, build_model(row, **how))

    def shared_count(model: Any, n_frames: int | None) -> dict[str, Any]:
        key = (id(model), n_frames)
        return dict(counts[key] if key in counts else counts.setdefault(key, arithmetic(model, n_frames)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "build_model", shared_model)
        patch.setattr(measuring, "arithmetic", shared_count)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_each_model_once")
@pytest.mark.parametrize("path", sorted((CONFIGS / "experiment").glob("*.yaml")), ids=name)
def test_every_experiment_can_be_counted(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its data and weights."""
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path))
    if re.search(r"^adaptation: .*/(tda|dmn)\.yaml", path.read_text(), flags=re.MULTILINE):
        with pytest.raises(ValueError, match="ConfidenceMemory needs all videos of a test, but a profile repeats one"):
            measured(tmp_path, str(path), *COUNT)
        return
    record = measured(tmp_path, str(path), *COUNT)
    assert record["gflops_per_view"] > 0
    total, trained = record["parameters"]["total"], record["parameters"]["trained"]
    assert total == trained if "taco" in path.stem else total > trained  # TACO alone trains all
