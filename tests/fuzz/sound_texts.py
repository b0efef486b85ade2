"""Small sound files of every kind that a user gives as text, and of the files of tensors that are read back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.fuzz import handed_files
from tests.fuzz.handed_files import ARCHITECTURE
from tests.makers.files.stored_files import caption_source, feature_source
from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, write_result
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.lightning_modules.localization.stored.caption_files import write_captions
from zsar.lightning_modules.localization.stored.feature_files import write_features
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import build_clip
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.checkpoints import pack_checkpoint

SMALL_MODEL = "small-clip-of-the-fuzz"
UCF101_VIDEOS = "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\nArchery/v_Archery_g08_c02.avi 3\n"
_INSTANCES = [{"segment": ["0.5", "1.5"], "label": "CliffDiving"}, {"segment": ["2.0", "3.0"], "label": "Diving"}]


def _results() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        run = write_result(Path(folder) / "run", {"base": 70.0, "novel": 60.0}, adapted=adaptation())
        return (run / "results.json").read_bytes()


def _localization_results() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return (write_localization(Path(folder) / "run") / "results.json").read_bytes()


def _features() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.safetensors"
        write_features(path, torch.arange(12).reshape(4, 3).half(), np.arange(4) / 30, feature_source())
        return path.read_bytes()


def _captions() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.captions.json"
        write_captions(path, VideoCaptions(np.array([0.0, 1.0]), ("a man", "a horse"), caption_source()))
        return path.read_bytes()


def _small_weights() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{SMALL_MODEL}.json"
        path.write_text(json.dumps(ARCHITECTURE))
        torch.manual_seed(0)
        return _saved(build_clip(str(path), "random")[0].state_dict())


@cache
def tiny_weights() -> bytes:
    """A weights file of the tiny CLIP, always the same."""
    torch.manual_seed(0)
    return _saved(OpenClipBackbone("tiny-clip", "random").clip.state_dict())


def _checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "tiny.pt"
        weights.write_bytes(tiny_weights())
        torch.manual_seed(0)
        model = T2L(backbone=TrainedClipSettings("tiny-clip", str(weights)), n_frames=4)
    content: dict[str, Any] = {"epoch": 1, "global_step": 2, "state_dict": model.state_dict()}
    pack_checkpoint(model, content)
    content["zsar"]["init_args"]["backbone"]["weights"] = "tiny.pt"  # no name of a folder that is another one each time
    return _saved(content)


def _saved(content: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.pt"  # whose name is written into the file
        torch.save(content, path)
        return path.read_bytes()


def _json(content: object) -> Callable[[], bytes]:
    return lambda: json.dumps(content, indent=1).encode()


def _text(content: str) -> Callable[[], bytes]:
    return content.encode


_ACTION_PROMPTS = {attribute.name: ["a text", "another"] for attribute in ATTRIBUTES}
_THUMOS14 = {"video_test_0000004": {"duration_second": 5.0, "duration_frame": 50, "annotations": _INSTANCES}}
_ACTIVITYNET = {
    "database": {
        "abc": {
            "duration": 4.0,
            "subset": "validation",
            "annotations": [{"segment": [0.5, 2.5], "label": "Archery"}, {"segment": [3.0, 3.5], "label": "Ballet"}],
        },
        "xyz": {"duration": 4.0, "subset": "testing", "annotations": []},
    },
    "version": "VERSION 1.3",
}
_PREPARED = {"source_bytes": 1, "source_mtime_ns": 2, "n_bytes": 3, "n_frames": 4, "width_px": 32, "height_px": 32}
_ANSWER = {"kind": "description", "class": "archery", "model": "m", "source": "s", "texts": ["one", "two"]}
_EXPERIMENT = """# an experiment
seed_everything: 0
run_dir: runs/x
model:
  class_path: T2L
  init_args: {n_frames: 8, backbone: {weights: tiny.pt}}
data:
  class_path: VideoFolder
  init_args:
    train: train.csv
    clips: {n_frames: 8}
trainer: {max_epochs: 5, precision: 32-true}
trainer.callbacks+: []
data.split.shots: 4
"""

SOUND: dict[str, Callable[[], bytes]] = {
    "trainlist01.txt": _text(UCF101_VIDEOS),
    "walk_test_split1.txt": _text("a b walk_1.avi 1\nc_walk_2.avi 2\n#437_walk.avi 0\n"),
    "kinetics.csv": _text(
        "label,youtube_id,time_start,time_end,split\n"
        '"abseiling, high",-abcdefghi_,7,17,train\nyoga,0123456789a,0,10,train\n'
    ),
    "Diving_test.txt": _text("video_test_0000004  0.50 1.50\nvideo_test_0000011  2.00 3.25\n"),
    "labels.csv": _text('id,name\n0,abseiling\n1,"air, drumming"\n2,archery\n'),
    "vifi.txt": _text("abseiling/a b.mp4 0\nx/y.avi 2\nz.mp4 1\n"),
    "t2l.txt": _text("/data/frames/abc def 120 0\n/data/frames/xyz 30 2\n"),
    "videos.csv": _text('path,label\nclips/001.mp4,apply eye makeup\n"clips/0,02.avi",arm wrestling\nc.mkv,archery\n'),
    "excluded.csv": _text("video,set,path,problem\na/b.mp4,train,/x/a/b.mp4,empty\nc d.mp4,test,/x/c.mp4,\n"),
    "classes.txt": _text("surfing\nplaying chess\n# a comment\nbrushing teeth\n"),
    "split_0.list": _text("CliffDiving\nDiving\nShotput\n"),
    "ssv2.json": _json([{"id": "1", "template": "Moving [something] up"}, {"id": "2", "template": "Poking [a hole]"}]),
    "activitynet.json": _json(_ACTIVITYNET),
    "activitynet_untrimmed.json": _json(_ACTIVITYNET),
    "thumos14.json": _json(_THUMOS14),
    "plain_descriptions.json": _json({"archery": ["one", "two"], "ballet": ["three", "four"]}),
    "ez_clip.csv": _text(
        'SNo,Class Name,GPT3 discription\n0,ApplyEyeMakeup,"\n\nOne puts on, say, make-up."\n1,archery,An arrow.\n'
    ),
    "questions.txt": _text("# ours\nWhat is {class} in {data_set}?\nHow is {class} done?\n"),
    "action_prompts.json": _json(
        {"kind": "action_prompts", "data_set": "x", "source": "y", "classes": {"archery": _ACTION_PROMPTS}}
    ),
    "a.captions.json": _captions,
    "results.json": _results,
    "localization_results.json": _localization_results,
    "predictions_novel.csv": _text(
        "video,path,label,prediction,probability,decoded,problem\na/b,a/b.mp4,archery,ballet,0.5,True,\n"
        "c,c.mp4,ballet,,,False,it is empty\n"
    ),
    "prepared.jsonl": lambda: b"".join(
        json.dumps(line).encode() + b"\n"
        for line in (
            {"settings": {"short_side_px": 256, "keyframe_every": 8, "crf": 20}},
            {"video": "a.mp4", **_PREPARED},
        )
    ),
    "answers.jsonl": lambda: (json.dumps(_ANSWER) + "\n" + json.dumps({**_ANSWER, "class": "ballet"}) + "\n").encode(),
    "experiment.yaml": _text(_EXPERIMENT),
    "a.safetensors": _features,
    "architecture.json": _json(ARCHITECTURE),
    "weights.pt": _small_weights,
    "model.ckpt": _checkpoint,
    "author.pt": lambda: _saved(
        {
            "epoch": 1,
            "model_state_dict": {"visual.transformer.T_prompt_embeddings": torch.ones(2, 3)},
            "optimizer_state_dict": {"lr": 1},
        }
    ),
    **handed_files.SOUND,
}
"""File name -> its content. Names of which a reader makes another one are in `tests.fuzz.text_cases`."""
