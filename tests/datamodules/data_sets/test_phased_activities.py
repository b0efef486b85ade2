"""The data set of phased activities: real videos of what is rendered, and its texts."""

from __future__ import annotations

from pathlib import Path

import torch

from zsar.datamodules.data_sets.phased_activities import PhasedActivities
from zsar.datamodules.rendering.phased_activities_rendering import all_activities, render_activity
from zsar.datamodules.settings import Loading, Text
from zsar.datamodules.video_files.decoding import read_frames


def test_clips_are_real_videos_and_sets_are_base_and_novel(tmp_path: Path) -> None:
    text = Text(descriptions="phased_activities_action_prompts")
    data = PhasedActivities(n_train=1, n_test=1, data_root=tmp_path, text=text, loading=Loading(n_workers=0))
    data.prepare_data()
    data.setup("test")
    assert {name: len(table) for name, table in data.sets.items()} == {"base": 52, "novel": 52}
    for of_set in data.class_text("test"):
        is_base = {activity.name for activity in all_activities() if activity.is_base == (of_set.set_name == "base")}
        assert set(of_set.names) == is_base
        assert {len(prompts) for prompts in of_set.prompts} == {12}
    activity = all_activities()[7]
    frames = read_frames(data.folder / f"test/{activity.name}/00.mp4", range(24))
    exact = torch.from_numpy(render_activity(activity, purpose="test", index=0, seed=0)[0])
    difference = (frames.permute(0, 2, 3, 1).int() - exact.int()).abs().float()
    assert difference.mean() < 12  # H.264 with a quarter of the colour resolution


def test_predict_knows_no_labels(tmp_path: Path) -> None:
    table = PhasedActivities(n_test=1, data_root=tmp_path).list_videos("predict")
    assert len(table) == 104
    assert set(table.labels.tolist()) == {-1}
