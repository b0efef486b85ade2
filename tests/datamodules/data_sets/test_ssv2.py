from pathlib import Path

import pytest
from torchvision.transforms import v2

from tests.makers.miniatures import make_ssv2
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.ssv2 import SomethingSomethingV2
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.settings import Augmentation, Clips


@pytest.mark.parametrize("prefix", ["", "something-something-v2-"])
def test_training_and_validation_files_are_read_under_either_name(tmp_path: Path, prefix: str) -> None:
    truth = make_ssv2(tmp_path)
    labels = tmp_path / "ssv2" / "labels"
    for path in sorted(labels.glob("*.json")):
        path.rename(labels / f"{prefix}{path.name}")
    module = SomethingSomethingV2(data_root=tmp_path)
    assert listed(module, "train") == cleaned(truth.clips["train", 1])
    assert listed(module, "test") == cleaned(truth.clips["validation", 1])


def test_clips_are_not_flipped_and_cannot_be() -> None:
    clips = Clips(image_size=32)
    for module, flips in ((SomethingSomethingV2(clips=clips), False), (UCF101(clips=clips), True)):
        kinds = [type(step) for step in module.train_transform.steps]
        assert (v2.RandomHorizontalFlip in kinds) == flips
    with pytest.raises(ValueError, match=r"flip is 0\.5, but a mirrored clip"):
        SomethingSomethingV2(clips=Clips(augmentation=Augmentation(flip=0.5)))


def test_class_names_are_sentences_in_the_official_order() -> None:
    names = SomethingSomethingV2().class_names
    assert len(names) == 174
    assert names[:2] == ("approaching something with your camera", "attaching something to something")
