from pathlib import Path

import numpy as np
import pytest
import torch

import zsar
from zsar.api.listed_videos import listed_videos
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def test_one_video_is_told_from_a_list_and_its_path_stays_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    frames = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    assert listed_videos("./a//b.mp4") == (True, ["./a//b.mp4"])
    assert listed_videos(Path("a.mp4")) == (True, [Path("a.mp4")])
    assert listed_videos("~/a.mp4") == (True, ["/home/me/a.mp4"])
    one, listed = listed_videos(("~/a.mp4", Path("~/b.mp4"), frames))
    assert (one, listed[:2]) == (False, ["/home/me/a.mp4", Path("/home/me/b.mp4")])
    assert listed[2] is frames
    assert listed_videos([]) == (False, [])


@pytest.mark.parametrize("function", [zsar.classify, zsar.localize, zsar.embed])
@pytest.mark.parametrize("given", [np.zeros((4, 3, 8, 8), np.uint8), None, 3, ["a.mp4", None], [b"a.mp4"]])
def test_what_is_no_video_is_told_by_every_function(function: object, given: object, model: ActionRecognizer) -> None:
    arguments = {} if function is zsar.embed else {"classes": ["a", "b"]}
    with pytest.raises(TypeError, match=r"a video is a path or a tensor of frames uint8 \[T, 3, H, W\]; got "):
        function(given, **arguments, model=model)  # type: ignore[operator]
