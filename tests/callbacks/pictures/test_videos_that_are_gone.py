"""Videos that were decoded in a test, and cannot be read again when pictures are drawn: left out and named."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from zsar.callbacks.pictures.attention.attention_maps import AttentionMaps
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.embedding_map.frame_map import FrameMap
from zsar.callbacks.pictures.errors.mistakes.mistakes import Mistakes
from zsar.callbacks.pictures.frame_prompt_scores import FramePromptScores
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.run_folders.picture_files import read_pictures

GONE = "red dance/1.mp4"
CHOICE = VideoChoice(videos=[GONE, "red dance/2.mp4"])


class Removed(Callback):
    """Breaks a video after its batch, before the pictures."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_test_epoch_end(self, *_: Any) -> None:
        self._path.write_bytes(b"broken")


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: AttentionMaps(videos=CHOICE, maps=["last"], video=False),
        lambda: FramePromptScores(videos=CHOICE),
        lambda: FrameMap(videos=CHOICE),
    ],
    ids=["AttentionMaps", "FramePromptScores", "FrameMap"],
)
def test_a_video_that_is_gone_is_named_and_the_others_are_drawn(
    drawn: Any, tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = VideoFolder(
        train=video_tree, test=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(8, n_workers=0)
    )
    torch.manual_seed(0)
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [Removed(video_tree / GONE), drawn()]
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=callbacks, **quiet)
    trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=data, verbose=False)
    assert f"no picture, it could not be decoded: test: {GONE}" in capsys.readouterr().out
    assert len(read_pictures(tmp_path)) == 1


def test_mistakes_are_listed_without_the_frames_of_a_video_that_is_gone(tmp_path: Path, video_tree: Path) -> None:
    data = VideoFolder(
        train=video_tree, test=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(8, n_workers=0)
    )
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [Removed(video_tree / GONE), Mistakes(n=20)]
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=callbacks, **quiet)
    trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=data, verbose=False)
    clips = [picture for picture in read_pictures(tmp_path) if "clip" in picture.files]
    assert len(clips) == 19
