from pathlib import Path

from tests.makers.miniatures import make_kinetics400
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.kinetics400 import Kinetics400


def test_the_validation_set_is_what_models_are_tested_on(tmp_path: Path) -> None:
    truth = make_kinetics400(tmp_path)
    module = Kinetics400(data_root=tmp_path)
    assert listed(module, "train") == cleaned(truth.clips["train", 1])
    assert listed(module, "test") == cleaned(truth.clips["val", 1])


def test_a_clip_without_its_class_folder_and_in_another_container_is_found(tmp_path: Path) -> None:
    truth = make_kinetics400(tmp_path)
    for path in sorted((truth.folder / "val").rglob("*.mp4")):
        path.rename(truth.folder / "val" / f"{path.stem}.mkv")
    assert listed(Kinetics400(data_root=tmp_path), "test") == cleaned(truth.clips["val", 1])


def test_published_counts() -> None:
    assert Kinetics400().published_counts == {"train": 246534, "test": 19906}
