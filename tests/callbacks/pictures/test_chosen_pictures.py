from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from zsar.callbacks.pictures.chosen_pictures import ChosenPictures, ChosenVideo
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


class Numbers(ChosenPictures):
    """Writes the names of the chosen videos, and keeps the videos."""

    kind = "numbers"

    def __init__(self, videos: VideoChoice) -> None:
        super().__init__(videos)
        self.drawn: list[ChosenVideo] = []

    def draw(self, trainer: Trainer, model: ActionRecognizer, video: ChosenVideo, written: WrittenPictures) -> None:
        written.add(video.tested.set_name, video.stem, title=video.key, alt="", numbers=video.names)
        self.drawn.append(video)


def run(folder: Path, video_tree: Path, callback: ChosenPictures) -> VideoFolder:
    loading = Loading(8, n_workers=0, on_decode_error="count_as_wrong")
    data = VideoFolder(train=video_tree, test=video_tree, clips=Clips(n_frames=4, image_size=32), loading=loading)
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(accelerator="cpu", default_root_dir=folder, callbacks=[callback], **quiet)
    trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=data, verbose=False)
    return data


def test_each_chosen_video_is_drawn_once_as_it_was_tested(tmp_path: Path, video_tree: Path) -> None:
    callback = Numbers(VideoChoice(videos=["red dance/3.mp4", "blue dance/0.mp4"]))
    data = run(tmp_path, video_tree, callback)
    assert [video.key for video in callback.drawn] == ["blue dance/0.mp4", "red dance/3.mp4"]
    (loader,) = data.test_dataloader()
    for video in callback.drawn:
        torch.testing.assert_close(video.frames, loader.dataset[video.row].frames, rtol=0, atol=0)
        assert int(video.tested.rows[video.position]) == video.row
        assert video.names == {"video": video.key, "path": video.key, "set": "test", "row": video.row}
        assert (tmp_path / "pictures" / "numbers" / "test" / f"{video.stem}.json").is_file()


def test_undecodable_videos_are_counted_and_named(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    callback = Numbers(VideoChoice(videos=["red dance/1.mp4", "red dance/2.mp4"]))
    run(tmp_path, video_tree, callback)
    assert [video.key for video in callback.drawn] == ["red dance/2.mp4"]
    said = capsys.readouterr().out
    assert "of 2 pictures into" in said
    assert "no picture, it could not be decoded: test: red dance/1.mp4" in said


def test_a_video_of_no_set_is_an_error_before_the_test(tmp_path: Path, video_tree: Path) -> None:
    callback = Numbers(VideoChoice(videos=["x.mp4"]))
    with pytest.raises(ValueError, match=r"no test set \(test\) has the video\(s\) 'x.mp4'"):
        run(tmp_path, video_tree, callback)
    assert callback.drawn == []
