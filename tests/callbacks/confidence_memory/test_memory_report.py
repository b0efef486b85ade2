from typing import Any

import torch

from tests.makers.videos.memory_videos import made_classes, made_views
from zsar.callbacks.confidence_memory.kept_views import Observations
from zsar.callbacks.confidence_memory.memory_report import print_memories, stored_videos
from zsar.callbacks.confidence_memory.memory_rule import empty_memory, memory_settings
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals
from zsar.datamodules.batch import ClassText


def test_what_is_stored_is_told_by_class_and_in_a_line(capsys: Any) -> None:
    names = tuple("abcde")
    text = ClassText("test", names, tuple((name,) for name in names), "names")
    views = made_views(4)[:, 0]
    p = torch.tensor([[0.6, 0.1, 0.1, 0.1, 0.1]] * 4).double()
    labels = torch.tensor([0, 0, 3, 0])
    videos = Observations(views, p.log(), p, labels, torch.tensor([1.2, 1.1, 0.1, 1.0]).double())
    memory = empty_memory(memory_settings("TDA", capacity=2), made_classes(), torch.tensor(1.0))
    for row in range(4):
        memory.insert(videos, row, identity=str(row))
    stored = stored_videos(memory, text)
    assert stored == {"positive": {"a": 2, "d": 1}, "negative": {"a": 2}}  # h: 0.43 to 0.52, of which 0.43 and 0.47
    print_memories("TDA (stream)", {"test": TuningTotals()}, {"test": stored})
    printed = capsys.readouterr().out
    assert "(stream)" in printed
    assert "videos in the memory of test: positive 3 of 2 classes, negative 2 of 1 classes" in printed
