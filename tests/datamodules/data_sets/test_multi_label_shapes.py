import csv
from pathlib import Path

import numpy as np
import pytest

from zsar.datamodules.data_sets import MultiLabelShapes, VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> MultiLabelShapes:
    """Rendered, one clip for each object."""
    module = MultiLabelShapes(
        n_test=1,
        data_root=tmp_path_factory.mktemp("data"),
        clips=Clips(n_frames=2, image_size=32),
        loading=Loading(batch_size=16, n_workers=0),
    )
    module.prepare_data()
    module.setup("test")
    return module


def test_every_clip_shows_its_object_and_up_to_two_others_for_equally_long() -> None:
    module = MultiLabelShapes()
    clips = [module.objects_of(label, "test", index) for label in range(16) for index in range(8)]
    assert {len(clip) for clip in clips} == {1, 2, 3}
    for number, clip in enumerate(clips):
        names = [moving_shape.object_name for moving_shape in clip]
        assert len(set(names)) == len(names)
        assert module.class_names[number // 8] in names
    frames = module.clip_frames(0, "test", 0)
    assert frames.shape == (24, 32, 32, 3)


def test_labels_reach_the_batch(shapes: MultiLabelShapes) -> None:
    (loader,) = shapes.test_dataloader()
    batch = next(iter(loader))
    assert batch.labels.tolist() == [-1] * 16
    assert batch.label_sets.shape == (16, 16)
    assert bool(batch.label_sets.diagonal().all())  # a clip for each object, in order
    (text,) = shapes.class_text("test")
    assert text.multi_label
    labels = shapes.describe()["labels"]["test"]
    assert list(labels["n_positives"].values()) == batch.label_sets.sum(dim=0).tolist()


def test_its_list_is_read_as_a_users_own(shapes: MultiLabelShapes) -> None:
    own = VideoFolder(
        data_root=shapes.folder,
        train="test.csv",
        test="test.csv",
        classes=list(shapes.class_names),
        split=Split(protocol="multi_label"),
        clips=Clips(n_frames=2, image_size=32),
    )
    own.setup("test")
    theirs, ours = own.sets["test"], shapes.sets["test"]
    assert theirs.all_keys() == ours.all_keys()
    assert theirs.label_sets is not None
    assert ours.label_sets is not None
    np.testing.assert_array_equal(theirs.label_sets, ours.label_sets)
    with (shapes.folder / "test.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 16


def test_other_protocols_and_training_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"split.protocol is all_classes, but MultiLabelShapes offers only multi_label"
    ):
        MultiLabelShapes(split=Split())
    with pytest.raises(ValueError, match="no videos to train on"):
        MultiLabelShapes(data_root=tmp_path).list_videos("train")
