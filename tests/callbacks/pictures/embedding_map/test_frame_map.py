"""A test run with FrameMap: chosen videos by one or several models."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.files.broken_files import broken_file
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from tests.makers.models.saved_models import saved
from tests.makers.results.map_runs import draw, numbers, small_data, tiny_model
from zsar.callbacks.pictures import compared_models
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.embedding_map.frame_map import FrameMap
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import frame_spread
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.run_folders.picture_files import read_pictures
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

TWO = VideoChoice(videos=["red dance/0.mp4", "blue dance/2.mp4"])


@pytest.mark.slow
def test_the_paths_are_those_of_the_chosen_videos_by_the_tested_model(tmp_path: Path, video_tree: Path) -> None:
    module, model = small_data(video_tree), tiny_model()
    metrics = draw(tmp_path, module, FrameMap(videos=TWO), model=model)
    content, table = numbers(tmp_path, "test", "frames_pca"), module.sets["test"]
    (tested,) = content["models"]
    assert [video["video"] for video in tested["videos"]] == ["blue dance/2.mp4", "red dance/0.mp4"]
    clips = module.test_dataloader()[0].dataset
    with torch.no_grad():
        every = [model.embed_views(clips[row].frames[None])[0].numpy() for row in range(len(table))]
    chosen = {table.key(row): frame_spread(frames) for row, frames in enumerate(every)}
    for video in tested["videos"]:
        assert video["spread"] == pytest.approx(chosen[video["video"]].spread, rel=1e-3)
    means = np.mean([[s.step, s.spread, s.variance, s.difference] for s in chosen.values()], axis=0)
    assert list(content["mean_of_all_videos"].values()) == pytest.approx(means.tolist(), rel=1e-3)
    assert content["n_videos"] == len(table)
    (picture,) = read_pictures(tmp_path)
    assert (picture.kind, Path(picture.files["picture"]).name) == ("embedding_map", "frames_pca.png")
    assert metrics.pop("test/frame_spread") == pytest.approx(means[1], rel=1e-3)
    assert metrics.pop("test/frame_diversity") == pytest.approx(means[2] + means[3], rel=1e-3)
    assert metrics == draw(tmp_path / "without", module, model=model)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOGNIZERS)
def test_every_model_has_paths(name: str, tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    model = recognizer(name, tiny_weights)
    draw(tmp_path, small_data(video_tree), FrameMap(videos=VideoChoice(n=2)), model=model)
    (tested,) = numbers(tmp_path, "test", "frames_pca")["models"]
    assert [np.shape(video["path"]) for video in tested["videos"]] == [(4, 2)] * 2


@pytest.mark.slow
def test_other_checkpoints_see_the_same_frames(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    model, other = recognizer("T2L", tiny_weights), recognizer("FineTunedCLIP", tiny_weights)
    path = saved(other, tmp_path)
    callback = FrameMap(videos=TWO, projection=Projection("tsne"), compare={"fine-tuned": str(path)})
    module = small_data(video_tree)
    draw(tmp_path, module, callback, model=model)
    tested, compared = numbers(tmp_path, "test", "frames_tsne")["models"]
    assert [tested["model"], compared["model"]] == ["tested model", "fine-tuned"]
    row = [module.sets["test"].key(i) for i in range(len(module.sets["test"]))].index("red dance/0.mp4")
    with torch.no_grad():
        frames = other.embed_views(module.test_dataloader()[0].dataset[row].frames[None])[0]
    assert compared["videos"][1]["spread"] == pytest.approx(frame_spread(frames.numpy()).spread, rel=1e-3)
    assert tested["videos"][1]["spread"] != pytest.approx(compared["videos"][1]["spread"], rel=1e-3)


@pytest.mark.slow
def test_frozen_clip_may_be_compared_with(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    callback = FrameMap(videos=TWO, compare={"frozen CLIP": "frozen"})
    draw(tmp_path / "beside", small_data(video_tree), callback, model=recognizer("T2L", tiny_weights))
    draw(
        tmp_path / "alone", small_data(video_tree), FrameMap(videos=TWO), model=recognizer("ZeroShotCLIP", tiny_weights)
    )
    (_, frozen), (alone,) = (numbers(tmp_path / name, "test", "frames_pca")["models"] for name in ("beside", "alone"))
    assert [video["spread"] for video in frozen["videos"]] == pytest.approx([v["spread"] for v in alone["videos"]])


def test_an_undecodable_video_is_left_out_and_said(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "0.mp4").write_bytes(b"broken")
    draw(tmp_path, small_data(video_tree), FrameMap(videos=TWO))
    assert "no picture, it could not be decoded: test: red dance/0.mp4" in capsys.readouterr().out
    assert len(numbers(tmp_path, "test", "frames_pca")["models"][0]["videos"]) == 1


def test_no_video_to_show_is_said(tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (video_tree / "red dance" / "0.mp4").write_bytes(b"broken")
    draw(tmp_path, small_data(video_tree), FrameMap(videos=VideoChoice(videos=["red dance/0.mp4"])))
    assert "no map of frames of test: there is no video to show" in capsys.readouterr().out
    assert read_pictures(tmp_path) == []


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_name_that_would_not_tell_the_models_apart_is_an_error(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(ValueError, match="compare has the name 'tested model'; give each model a name"):
        draw(tmp_path, small_data(video_tree), FrameMap(compare={"tested model": "x.ckpt"}))


def test_a_broken_checkpoint_is_named_before_videos_are_decoded(tmp_path: Path, video_tree: Path) -> None:
    path = broken_file(tmp_path, "noise", name="broken.ckpt")
    with pytest.raises(CheckpointError, match="broken.ckpt"):
        draw(tmp_path, small_data(video_tree), FrameMap(compare={"other": str(path)}))


def test_a_model_that_takes_other_frames_is_named_after_the_first_batch(
    tmp_path: Path, video_tree: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = saved(T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=8), tmp_path)
    tested: list[int] = []
    monkeypatch.setattr(FrameMap, "on_test_end", lambda *_: tested.append(1))
    with pytest.raises(ValueError, match="FrameMap: compare, longer: the model has temporal tokens for 8 frames, but"):
        draw(tmp_path, small_data(video_tree), FrameMap(compare={"longer": str(longer)}))
    larger = tiny_model()
    larger.backbone.image_size = (64, 64)  # type: ignore[misc]
    monkeypatch.setattr(compared_models, "load_recognizer", lambda path, device: larger)
    with pytest.raises(ValueError, match="FrameMap: compare, larger: frames must be"):
        draw(tmp_path, small_data(video_tree), FrameMap(compare={"larger": "x.ckpt"}))
    assert not tested


def test_stored_embeddings_have_no_frames_for_other_checkpoints(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoFolder, "reads_files", False)
    with pytest.raises(ValueError, match=r"leave out --data.embeddings, or set compare to null"):
        draw(tmp_path, small_data(video_tree), FrameMap(compare={"other": "x.ckpt"}))


def test_a_video_that_is_in_no_set_is_named(tmp_path: Path, video_tree: Path) -> None:
    with pytest.raises(ValueError, match=r"no test set \(test\) has the video\(s\) 'x.mp4'"):
        draw(tmp_path, small_data(video_tree), FrameMap(videos=VideoChoice(videos=["x.mp4"])))
