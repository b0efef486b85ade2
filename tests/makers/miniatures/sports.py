"""Sports: four untrimmed videos of four classes, of which two are tested on."""

from collections.abc import Sequence
from pathlib import Path

from tests.makers.miniatures.localization_files import write_class_list
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, Instance
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule

VIDEOS = (
    AnnotatedVideo("late", 30.0, (Instance("HighJump", 20.0, 25.0), Instance("HighJump", 2.0, 4.5))),
    AnnotatedVideo("both", None, (Instance("Diving", 1.0, 3.0), Instance("CliffDiving", 1.0, 3.0))),
    AnnotatedVideo("other", 9.0, (Instance("Billiards", 1.0, 2.0),)),
    AnnotatedVideo("nothing", 8.0, ()),
)
TESTED = ("HighJump", "CliffDiving")
LISTED = ClassSplit(lists="lists")
TEN = ClassSplit(number="all", lists="lists")


class Sports(UntrimmedVideoDataModule):
    lists_name = "Sports"

    def all_exact_names(self) -> tuple[str, ...]:
        return ("Billiards", "CliffDiving", "Diving", "HighJump")

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        return VIDEOS

    @property
    def videos_folder(self) -> Path:
        return self.data_root / "videos"


def make_sports(folder: Path) -> Path:
    """The four videos, in folders and containers of their own, and a list of two classes."""
    write_class_list(folder / "lists", "50_50", "Sports", 0, TESTED)
    for name in ("a/late.mp4", "both.mkv", "other.mp4", "nothing.mp4"):
        path = folder / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def make_ten_draws(root: Path) -> Path:
    """A list of two classes for the even draws, of another for the odd ones, and of nothing but dives for the last."""
    for number in range(10):
        names = ("Diving",) if number == 9 else TESTED if number % 2 == 0 else ("Billiards", "HighJump")
        write_class_list(root / "lists", "50_50", "Sports", number, names)
    return root


def sports(root: Path, split: ClassSplit = LISTED) -> Sports:
    module = Sports(data_root=root, split=split)
    module.setup("test")
    return module
