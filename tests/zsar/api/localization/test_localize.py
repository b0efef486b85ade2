"""`zsar.localize`: one in, one out; the answers of the command; what it needs is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zsar
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.saved_models import saved, small_t2l
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.runtime.files.video_errors import VideoDecodeError

NAMES = ["white", "red"]
QUICK: dict[str, Any] = {"n_workers": 0, "device": "cpu"}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Four seconds of black with white in the middle, 10 frames a second."""
    frames = np.zeros((40, 32, 40, 3), np.uint8)
    frames[12:25] = 250
    write_video(tmp_path / "v.mp4", frames, frames_per_second=10)
    return tmp_path / "v.mp4"


def test_one_video_has_one_answer_and_a_list_a_list(video: Path, model: ActionRecognizer) -> None:
    one = zsar.localize(video, NAMES, model=model, **QUICK)
    many = zsar.localize([video, str(video)], NAMES, model=model, **QUICK)
    assert isinstance(one, zsar.Localization)
    assert [answer.to_dict() for answer in many] == 2 * [one.to_dict()]
    assert {segment.class_name for segment in one.segments} <= set(NAMES)
    assert all(0 <= s.start_seconds < s.end_seconds <= 4 for s in one.segments)
    assert zsar.localize([], NAMES, model=model, **QUICK) == []


@pytest.mark.parametrize("method", ["t3al", "frame-wise"])
def test_the_answer_is_that_of_the_command(
    method: Any, video: Path, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = ("--architecture", "tiny-clip", "--weights", tiny_weights, "--device", "cpu", "--n-workers", 0)
    arguments = (video, "--classes", "white, red", "--method", method, *clip, "--output", tmp_path / "out", "--json")
    assert main(["localize", *map(str, arguments)]) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    model = zsar.load("tiny-clip", weights=tiny_weights, device="cpu")
    assert zsar.localize(video, NAMES, model=model, method=method, **QUICK).to_dict() == printed


def test_a_failed_video_raises_alone_and_has_an_error_in_a_list(video: Path, model: ActionRecognizer) -> None:
    (broken := video.with_name("broken.mp4")).write_bytes(b"broken")
    for path in (broken, video.with_name("gone.mp4")):
        with pytest.raises(VideoDecodeError, match=f"{path.name}: "):
            zsar.localize(path, NAMES, model=model, **QUICK)
    failed, found = zsar.localize([broken, video], NAMES, model=model, **QUICK)
    assert str(failed.error).startswith(f"{broken}: Invalid data")
    assert failed.segments == ()
    assert found.error is None


@pytest.mark.parametrize("name", [name for name in RECOGNIZERS if name != "ZeroShotCLIP"])
def test_every_trained_recognizer_localizes_frame_wise(name: str, video: Path, tiny_weights: Path) -> None:
    trained = recognizer(name, tiny_weights)
    found = zsar.localize(video, NAMES, model=trained, threshold=0.1, **QUICK)
    assert found.settings["settings"]["recognizer"] == type(trained).__name__
    assert found.pseudo_labels is None
    assert [found.segments[0].start_seconds, found.segments[-1].end_seconds] == [0.0, 4.0]  # each frame is assigned
    with pytest.raises(ValueError, match="so it cannot use a trained"):
        zsar.localize(video, NAMES, model=trained, method="t3al", **QUICK)


def test_a_checkpoint_is_loaded(video: Path, tiny_weights: Path, tmp_path: Path) -> None:
    trained = small_t2l(tiny_weights)
    path = saved(trained, tmp_path)
    of_file = zsar.localize(video, NAMES, model=path, threshold=0.1, **QUICK)
    of_model = zsar.localize(video, NAMES, model=trained, threshold=0.1, **QUICK)
    assert of_file.segments == of_model.segments
    assert of_file.settings["model"]["weights"] == str(path)


def test_a_localizer_has_settings_of_its_own(video: Path, tiny_weights: Path) -> None:
    tuning = ProjectionTuning(n_steps=0, window_frames=1)
    mine = zsar.T3AL(backbone=ClipSettings("tiny-clip", str(tiny_weights)), tuning=tuning, suppression=None)
    found = zsar.localize(video, ["white"], model=mine, seed=3, **QUICK)
    assert (found.n_steps, found.settings["settings"]["seed"]) == (0, 3)
    assert found.settings["settings"]["tuning"]["window_frames"] == 1
    with pytest.raises(ValueError, match="the given T3AL has its own settings; leave threshold="):
        zsar.localize(video, ["white"], model=mine, threshold=0.5, **QUICK)
    draws_nothing = zsar.FrameWiseCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))
    with pytest.raises(ValueError, match="the given FrameWiseCLIP has its own settings; leave seed=3 out"):
        zsar.localize(video, NAMES, model=draws_nothing, seed=3, **QUICK)


def test_frames_need_their_rate_and_files_have_their_own(video: Path, model: ActionRecognizer) -> None:
    frames = zsar.read_frames(video, indices=range(40))
    in_memory, of_file = zsar.localize([frames, video], NAMES, model=model, fps=10, method="frame-wise", **QUICK)
    assert in_memory.path is None
    assert in_memory.segments == of_file.segments
    with pytest.raises(ValueError, match="frames have no times; give their frame rate, such as fps=25"):
        zsar.localize(frames, NAMES, model=model, **QUICK)
    with pytest.raises(ValueError, match="fps=10 is for frames; a video file has its own times: leave it out"):
        zsar.localize(video, NAMES, model=model, fps=10, **QUICK)
    with pytest.raises(ValueError, match="frames must be uint8 RGB"):
        zsar.localize(frames.float(), NAMES, model=model, fps=10, **QUICK)


def test_features_are_kept_and_used_again(
    video: Path, model: ActionRecognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "features"
    first = zsar.localize(video, NAMES, model=model, features=folder, **QUICK)
    assert [path.name for path in folder.iterdir()] == ["v.safetensors"]
    before = (folder / "v.safetensors").stat().st_mtime_ns
    again = zsar.localize([video, video], NAMES, model=model, features=str(folder), **QUICK)
    assert [answer.to_dict() for answer in again] == 2 * [first.to_dict()]
    assert (folder / "v.safetensors").stat().st_mtime_ns == before
    with pytest.raises(FeatureFileError, match="stride is 0.25 seconds in the file"):
        zsar.localize(video, NAMES, model=model, features=folder, stride_seconds=1, **QUICK)
    (other := tmp_path / "elsewhere" / "v.mp4").parent.mkdir()
    other.write_bytes(video.read_bytes())
    with pytest.raises(ValueError, match=r"would both become .*v\.safetensors; rename one of the videos"):
        zsar.localize([video, other], NAMES, model=model, features=folder, **QUICK)
    assert len(zsar.localize([video, other], NAMES, model=model, **QUICK)) == 2  # nothing is kept, so nothing collides


def test_progress_counts_videos(video: Path, model: ActionRecognizer) -> None:
    done: list[tuple[int, int]] = []
    zsar.localize([video, video], NAMES, model=model, progress=lambda *n: done.append(n), **QUICK)
    assert done == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stride_seconds": 0}, "a stride must be more than 0 seconds; got 0"),
        ({"geometry": "stretch"}, "geometry must be one of"),
        ({"on_damage": "ignore"}, "on_damage must be one of"),
        ({"method": "framewise"}, "method must be one of t3al, frame-wise; got 'framewise'"),
        ({"threshold": 0.5}, "threshold has no effect with the method t3al"),
        ({"method": "frame-wise", "threshold": 1.0}, "threshold is a probability, at least 0 and below 1; got 1"),
        ({"method": "frame-wise", "seed": 0}, "seed has no effect with the method frame-wise"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295; got -1"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"template": "photos"}, "is neither a template"),
        ({"template": "a video " * 20 + "of {}"}, "tokens and its first sentence has"),
        ({"features": __file__}, "--features .* is not a folder; give another folder"),
    ],
)
def test_wrong_values_are_explained(
    settings: dict[str, Any], message: str, video: Path, model: ActionRecognizer
) -> None:
    with pytest.raises(ValueError, match=message):
        zsar.localize(video.with_name("gone.mp4"), NAMES, model=model, **{**QUICK, **settings})  # before it is opened


def test_the_prompts_of_a_mapping_are_used(video: Path, model: ActionRecognizer) -> None:
    prompts = {"white": "something bright", "red": "something red"}
    found = zsar.localize(video, prompts, model=model, method="frame-wise", threshold=0.0, **QUICK)
    plain = zsar.localize(video, NAMES, model=model, method="frame-wise", threshold=0.0, **QUICK)
    assert found.class_names == ("white", "red")
    assert not torch.equal(found.curves[0].scores, plain.curves[0].scores)
