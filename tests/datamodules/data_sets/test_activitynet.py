from pathlib import Path

import pytest

from tests.makers.miniatures import make_activitynet
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.data_sets.activitynet import ActivityNet
from zsar.datamodules.settings import Split


@pytest.mark.parametrize(("subset", "official"), [("train", "training"), ("test", "validation")])
def test_whole_videos_have_one_label_each(tmp_path: Path, subset: str, official: str) -> None:
    truth = make_activitynet(tmp_path)
    assert listed(ActivityNet(data_root=tmp_path), subset) == cleaned(truth.clips[official, 1])  # type: ignore[arg-type]


def test_instances_are_stretches_of_videos(tmp_path: Path) -> None:
    truth = make_activitynet(tmp_path)
    module = ActivityNet(data_root=tmp_path, units="instances")
    table = module.list_videos("train")
    assert table.segments_seconds is not None
    rows = {
        (table[i].path.stem, module.class_names[table.labels[i]], *table.segments_seconds[i].tolist())
        for i in range(len(table))
    }
    assert rows == {
        (i.stem, clean_name(i.class_name), i.start_seconds, i.end_seconds) for i in truth.instances["training"]
    }
    assert len(table) > len(truth.clips["training", 1])
    module.setup("test")
    assert module.describe()["units"] == "instances"


def test_published_counts_follow_the_units() -> None:
    assert ActivityNet().published_counts["test"] == 4926
    assert ActivityNet(units="instances").published_counts["test"] == 7654


def test_models_trained_elsewhere_are_tested_on_training_and_validation_videos(tmp_path: Path) -> None:
    truth = make_activitynet(tmp_path)
    split = Split(test_videos="train_and_test")
    module = ActivityNet(data_root=tmp_path, split=split)
    assert listed(module, "test") == cleaned(truth.clips["training", 1] | truth.clips["validation", 1])
    assert module.published_counts["test"] == 14950
    instances = ActivityNet(data_root=tmp_path, units="instances", split=split).list_videos("test")
    assert len(instances) == len(truth.instances["training"]) + len(truth.instances["validation"])
    assert instances.segments_seconds is not None
    assert len(instances.segments_seconds) == len(instances)
