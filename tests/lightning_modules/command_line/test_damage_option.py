"""What is done with damaged frames, by every way that reads a video: an error by default, or accepted and counted."""

from __future__ import annotations

import contextlib
import csv
import inspect
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.clip_dataset import EvaluationClips, TrainingClips
from zsar.datamodules.data_sets.untrimmed.activitynet_untrimmed import ActivityNetUntrimmed
from zsar.datamodules.data_sets.untrimmed.thumos14_untrimmed import THUMOS14Untrimmed
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import collate
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, frames_at
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import FrameStride, VideoEnded, stream_videos
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TestTransform, TrainTransform
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.localization.stored.feature_files import read_features
from zsar.runtime.files.video_errors import VideoDecodeError

N_FRAMES = 24


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A video of which bytes in the middle are lost."""
    (tmp_path / "with damage").mkdir()
    path = tmp_path / "with damage" / "damaged.mp4"
    options = {"g": "12", "bf": "0", "preset": "veryfast", "crf": "10", "x264-params": "slices=4"}
    write_video(path, moving_picture(N_FRAMES, 96, 128), frames_per_second=12, options=options)
    sound = path.read_bytes()
    body = sound.index(b"mdat")
    for seed in range(50):  # what the decoder notices depends on its build
        draw = np.random.default_rng(seed)
        content = bytearray(sound)
        start = int(draw.integers(body + (len(sound) - body) // 3, len(sound) * 2 // 3))
        content[start : start + 8] = draw.bytes(8)
        path.write_bytes(content)
        with contextlib.suppress(VideoDecodeError):  # frames that the decoder does not return cannot be accepted
            if 1 < n_damaged(path) < N_FRAMES:
                return path
    raise AssertionError("no seed damages two frames or more")


def n_damaged(path: Path) -> int:
    with VideoReader(path, on_damage="accept") as reader:
        reader.frames_at_indices(range(reader.n_frames))
        return reader.n_damaged


def test_samples_fail_or_count_their_damaged_frames(damaged: Path) -> None:
    table = VideoTable(damaged.parent, [damaged.name], [0])
    make = {"n_frames": N_FRAMES, "n_clips": 1}
    for views in (None, MultiRateViews(rates=(1.0,))):
        strict = EvaluationClips(table, TestTransform(32), views=views, **make)[0]  # type: ignore[arg-type]
        assert (strict.failed, strict.n_damaged) == (True, 0)
        assert "damaged.mp4" in strict.undecodable[0]
        clips = EvaluationClips(table, TestTransform(32), views=views, on_damage="accept", **make)  # type: ignore[arg-type]
        assert (clips[0].failed, clips[0].n_damaged) == (False, n_damaged(damaged))
        assert collate([clips[0], clips[0]]).n_damaged == 2 * n_damaged(damaged)
    training = TrainingClips(
        table, TrainTransform(32), n_frames=N_FRAMES, sampling="centre", seed=0, on_damage="accept"
    )
    assert training[0].n_damaged == n_damaged(damaged)


@pytest.mark.parametrize("on_damage", ["raise", "accept"])
def test_the_setting_reaches_every_loader_of_trimmed_videos(damaged: Path, on_damage: str) -> None:
    (damaged.parent / "list.csv").write_text("path,label\ndamaged.mp4,a\n")
    loading = Loading(1, n_workers=0, on_decode_error="count_as_wrong", on_damage=on_damage)  # type: ignore[arg-type]
    clips = Clips(image_size=32)
    data = VideoFolder(train="list.csv", test="list.csv", data_root=damaged.parent, loading=loading, clips=clips)
    data.sets = {"train": data.list_videos("train"), "test": data.list_videos("test")}
    for loader in (data.train_dataloader(), data._evaluation_loader("test", None)):
        assert loader.dataset._on_damage == on_damage  # type: ignore[attr-defined]


def test_untrimmed_videos_stream_damaged_frames_only_where_accepted(damaged: Path) -> None:
    for on_damage, problem, n in (("raise", "spoils frame", 0), ("accept", "", n_damaged(damaged))):
        *_, ended = stream_videos(
            [damaged],
            32,
            geometry="squash",
            stride=FrameStride(),
            chunk_size=8,
            n_workers=0,
            on_damage=on_damage,  # type: ignore[arg-type]
        )
        assert isinstance(ended, VideoEnded)
        assert problem in (ended.problem or "")
        assert ended.n_damaged == n
    video = UntrimmedVideo("v", damaged, None)
    with pytest.raises(VideoDecodeError, match="spoils frame"):
        frames_at(video, (np.arange(N_FRAMES) / 12).tolist(), image_size=32, geometry="squash")
    accepted = frames_at(video, (np.arange(N_FRAMES) / 12).tolist(), image_size=32, geometry="crop", on_damage="accept")
    assert len(accepted) == N_FRAMES


@pytest.mark.parametrize("data", [UntrimmedFiles, THUMOS14Untrimmed, ActivityNetUntrimmed, UntrimmedShapes])
def test_every_data_set_of_untrimmed_videos_has_the_setting(data: type[UntrimmedVideoDataModule]) -> None:
    assert inspect.signature(data).parameters["loading"].default.on_damage == "raise"


@pytest.fixture
def model(tiny_weights: Path) -> list[str]:
    return ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]


@pytest.mark.slow
def test_extract_and_localize_count_what_they_accept(
    damaged: Path, tmp_path: Path, model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    n, no_worker = n_damaged(damaged), ["--n-workers", "0"]
    extract = ["extract", str(damaged), "--output", str(tmp_path / "features"), *model, *no_worker]
    assert main(extract) == 1
    assert main([*extract, "--on-damage", "accept"]) == 0
    assert f"{n} damaged frames of 1 video accepted, as --on_damage says" in capsys.readouterr().out
    assert read_features(tmp_path / "features" / "damaged.safetensors").source.n_damaged == n
    localize = [
        "localize",
        str(damaged),
        "--classes",
        "a,b",
        "--method",
        "frame-wise",
        "--stride",
        "1",
        *model,
        *no_worker,
    ]
    localize += ["--output", str(tmp_path / "out")]
    assert main(localize) == 1
    assert main([*localize, "--on-damage", "accept"]) == 0
    assert json.loads((tmp_path / "out" / "damaged.json").read_text())["n_damaged_frames"] == n
    assert f"{n} of them damaged" in capsys.readouterr().out


def test_classify_counts_what_it_accepts(damaged: Path, model: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    classify = ["classify", str(damaged), "--classes", "a,b", "--frames", str(N_FRAMES), *model]
    assert main(classify) == 1
    assert main([*classify, "--on-damage", "accept"]) == 0
    assert f"{n_damaged(damaged)} damaged frames of 1 video accepted" in capsys.readouterr().err
    assert main([*classify, "--on-damage", "accept", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["n_damaged_frames"] == n_damaged(damaged)


def test_what_was_made_of_accepted_damage_is_not_used_where_damage_is_an_error(
    damaged: Path, tmp_path: Path, model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    features, accept = str(tmp_path / "features"), ["--on-damage", "accept"]
    extract = ["extract", str(damaged), "--output", features, "--n-workers", "0", *model]
    prepare = ["prepare", str(damaged.parent), str(tmp_path / "copy"), "--n-workers", "1"]
    for command in (extract, prepare):
        assert main([*command, *accept]) == 0
        assert main([*command, *accept]) == 0
        assert "(1 were before)" in capsys.readouterr().out
        assert main(command) == 1
        assert "(0 were before)" in capsys.readouterr().out
    assert not (tmp_path / "copy" / "damaged.mp4").exists()
    localize = ["localize", str(damaged), "--classes", "a,b", "--method", "frame-wise", "--stride", "1", *model]
    localize += ["--n-workers", "0", "--output", str(tmp_path / "out"), "--features", features]
    assert main([*localize, *accept]) == 0
    assert main(localize) == 1
    data = ["--data", "UntrimmedFiles", "--data.videos", str(damaged.parent), "--data.classes", "[a, b]"]
    data += ["--data.loading.stride.frames", "1", "--data.loading.features", features, "--trainer.accelerator", "cpu"]
    predict = [
        "predict",
        "--model",
        "FrameWiseCLIP",
        "--model.backbone.architecture",
        "tiny-clip",
        "--model.backbone.weights",
        model[3],
    ]
    predict += [*data, "--trainer.logger", "false", "--run_dir", str(tmp_path / "run")]
    capsys.readouterr()
    assert main(predict) == 1
    assert "damaged frames; set on_damage to accept to use it" in capsys.readouterr().err
    assert main([*predict, "--data.loading.on_damage", "accept"]) == 0
    results = json.loads((tmp_path / "run" / "results_predict.json").read_text())
    assert results["n_damaged_frames"] == n_damaged(damaged)


@pytest.mark.slow
def test_training_test_and_prediction_say_what_they_accept_and_the_summary_and_picture_know(
    experiment: Path, video_tree: Path, damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(damaged, video_tree / "red dance" / "damaged.mp4")
    clips = ["--model.n_frames", str(N_FRAMES), "--data.clips.n_frames", str(N_FRAMES), "--trainer.max_epochs", "1"]
    common = ["--config", str(experiment), *clips, "--data.split.held_out_fraction", "0"]
    common += ["--checkpoint.monitor", "null", "--run_dir", str(tmp_path / "accepted" / "seed0")]
    accept = ["--data.loading.on_damage", "accept"]
    tested = ["--data.test", str(video_tree)]
    said = f"{n_damaged(damaged)} damaged frames accepted"
    with pytest.warns(UserWarning, match="damaged frames are accepted in training"):
        assert main(["fit", *common, *accept]) == 0
    assert main(["test", *common, *tested, *accept]) == 0
    assert said in capsys.readouterr().out
    assert main(["predict", *common, "--data.predict", str(video_tree / "red dance"), *accept]) == 0
    assert said in capsys.readouterr().out
    strict = [*tested, "--data.loading.on_decode_error", "count_as_wrong"]
    checkpoint = ["--ckpt_path", str(tmp_path / "accepted" / "seed0" / "checkpoints" / "last.ckpt")]
    other = ["--run_dir", str(tmp_path / "accepted" / "seed1")]
    assert main(["test", *common, *strict, *checkpoint, *other]) == 0
    assert "damaged frames accepted" not in capsys.readouterr().out
    runs = [str(tmp_path / "accepted" / f"seed{n}") for n in (0, 1)]
    assert main(["summarize", *runs]) == 1
    assert "test.on_damage (raise / accept)" in capsys.readouterr().err
    assert main(["summarize", runs[0]]) == 0
    assert f"up to {n_damaged(damaged)} damaged frames of a run were accepted" in capsys.readouterr().out
    for run, status in zip(runs, (0, 1), strict=True):
        picture = ["picture", run, "--set", "test", "--count", "99", "--output", str(tmp_path / "x.png")]
        assert main(picture) == status
        assert ("not shown:" in capsys.readouterr().err) == bool(status)


def test_prepare_copies_damaged_frames_only_where_accepted(
    damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare = ["prepare", str(damaged.parent), str(tmp_path / "copy"), "--n-workers", "1", "--crf", "1"]
    assert main(prepare) == 1
    with (tmp_path / "copy" / "failed_videos.csv").open(newline="") as file:
        assert "spoils frame" in list(csv.reader(file))[1][1]
    assert main([*prepare, "--on-damage", "accept"]) == 0
    assert f"{n_damaged(damaged)} damaged frames of 1 video accepted" in capsys.readouterr().out
    with VideoReader(damaged, on_damage="accept") as reader, VideoReader(tmp_path / "copy" / "damaged.mp4") as copy:
        frames, copied = (each.frames_at_indices(range(N_FRAMES)).float() for each in (reader, copy))
    assert (frames - copied).abs().mean() < 4
    assert torch.equal((frames - copied).abs().mean(dim=(1, 2, 3)).argsort().sort().values, torch.arange(N_FRAMES))
