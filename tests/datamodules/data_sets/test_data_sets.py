from tests.makers.source_tree import subclasses_in, under
from zsar.datamodules import data_sets

BASES = ("TrimmedVideoDataModule", "ListedVideoDataModule", "PerturbedVideos", "UntrimmedVideoDataModule")


def test_every_data_set_of_the_package_is_known_by_its_short_name() -> None:
    there = subclasses_in(under("datamodules/data_sets/"), BASES)
    assert {"UCF101", "UCF101P", "VideoFolder", "UntrimmedFiles", "MovingShapes", "ShiftedMovingShapes"} <= set(there)
    missing = {name: module for name, module in there.items() if name not in data_sets.__all__}
    assert missing == {}, "import it in datamodules/data_sets/__init__.py, and add it to __all__ there"
    assert set(data_sets.__all__) <= set(there)
