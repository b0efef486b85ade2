from pathlib import Path

import pytest

from tests.makers.miniatures import ACTIVITYNET_CLASSES, make_activitynet
from tests.makers.miniatures.localization_files import write_class_list
from zsar.datamodules.data_sets.untrimmed.activitynet_untrimmed import ActivityNetUntrimmed
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride

TESTED = [ACTIVITYNET_CLASSES[2], ACTIVITYNET_CLASSES[0]]
LISTED = ClassSplit(number=9, lists="t3al_splits")


@pytest.mark.parametrize("subsets", [("validation",), ("training", "validation")])
def test_the_test_classes_are_looked_for_in_the_subsets_asked_for(subsets: tuple[str, ...], tmp_path: Path) -> None:
    truth = make_activitynet(tmp_path)
    write_class_list(tmp_path / "t3al_splits", "50_50", "ActivityNet", 9, TESTED)
    stride = FrameStride(frames=4)
    module = ActivityNetUntrimmed(data_root=tmp_path, split=LISTED, loading=UntrimmedLoading(stride), subsets=subsets)  # type: ignore[arg-type]
    module.setup("test")
    expected = {tuple(i) for subset in subsets for i in truth.instances[subset] if i.class_name in TESTED}
    found = {
        (module.videos[i.video].id, TESTED[i.label], i.start_seconds, i.end_seconds)
        for i in module.tested_sets[0].instances
    }
    assert found == expected
    assert {video.id for video in module.videos} == {row[0] for row in expected}
    assert all(video.path == tmp_path / "activitynet/videos" / f"{video.id}.mp4" for video in module.videos)
    assert {video.duration_seconds for video in module.videos} == {4.0}
    assert (module.describe()["subsets"], module.describe()["stride"]) == (sorted(subsets), "4 frames")


def test_acronyms_stay_as_they_are_in_class_text(tmp_path: Path) -> None:
    write_class_list(tmp_path / "t3al_splits", "50_50", "ActivityNet", 9, TESTED)
    (text,) = ActivityNetUntrimmed(data_root=tmp_path, split=LISTED).class_text("test")
    assert text.prompts == (("a video of action BMX",), ("a video of action applying sunscreen",))


@pytest.mark.parametrize("subsets", [(), ("validation", "validation")])
def test_subsets_that_mean_nothing_are_refused(subsets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="subsets must name training, validation or both, each once"):
        ActivityNetUntrimmed(subsets=subsets)  # type: ignore[arg-type]
