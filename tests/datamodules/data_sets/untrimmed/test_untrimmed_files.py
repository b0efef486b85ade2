import json
from pathlib import Path
from typing import Any

import jsonargparse
import pytest

from tests.makers.miniatures.localization_files import write_thumos14_annotations
from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles, videos_by_name
from zsar.datamodules.lists.tested_sets import ActionInstance
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_frames import UntrimmedVideo
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video

CONFIG = Path(__file__).parents[4] / "configs" / "data" / "untrimmed_files.yaml"
NAMES = ["Tai Chi", "openDoor"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three videos in folders, and what is no video."""
    for name in ("mine/kitchen/monday.mp4", "mine/kitchen/part.one.MKV", "mine/garden.avi", "mine/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def files(root: Path, videos: Any = "mine", *, classes: list[str] = NAMES, **further: Any) -> UntrimmedFiles:
    module = UntrimmedFiles(videos=videos, classes=classes, data_root=root, **further)
    module.setup("predict")
    return module


def test_videos_of_a_folder_are_called_by_their_path_in_it(root: Path) -> None:
    module = files(root)
    assert module.videos == (
        UntrimmedVideo("garden", root / "mine/garden.avi", None),
        UntrimmedVideo("kitchen/monday", root / "mine/kitchen/monday.mp4", None),
        UntrimmedVideo("kitchen/part.one", root / "mine/kitchen/part.one.MKV", None),
    )
    assert module.videos_folder == root / "mine"


def test_given_files_are_called_by_their_names_whatever_their_suffix(root: Path) -> None:
    module = files(root, ["mine/kitchen/monday.mp4", root / "mine/notes.txt"])
    assert [(video.id, video.path) for video in module.videos] == [
        ("monday", root / "mine/kitchen/monday.mp4"),
        ("notes", root / "mine/notes.txt"),
    ]
    assert module.videos_folder == root / "mine"


def test_a_file_and_a_folder_may_be_given_together_and_a_file_twice(root: Path) -> None:
    module = files(root, ["mine/garden.avi", "mine/kitchen", "mine/garden.avi"])
    assert [video.id for video in module.videos] == ["garden", "monday", "part.one"]
    assert [video.id for video in files(root, Path("mine/garden.avi")).videos] == ["garden"]


def test_names_are_the_paths_by_which_extraction_lays_out_its_files(root: Path) -> None:
    assert videos_by_name([root / "mine", root / "mine/notes.txt", root / "mine/kitchen/monday.mp4"]) == {
        "garden": root / "mine/garden.avi",
        "kitchen/monday": root / "mine/kitchen/monday.mp4",
        "kitchen/part.one": root / "mine/kitchen/part.one.MKV",
        "notes": root / "mine/notes.txt",
        "monday": root / "mine/kitchen/monday.mp4",
    }


def test_two_files_with_one_name_are_refused(root: Path) -> None:
    (root / "mine/garden.mp4").touch()
    with pytest.raises(ValueError, match=r"garden\.avi and .*garden\.mp4 would both be the video 'garden'; rename one"):
        files(root)


@pytest.mark.parametrize("missing", ["none", "mine/none.mp4", "empty"])
def test_what_is_not_there_is_named(missing: str, root: Path) -> None:
    (root / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=f"{missing}: no such file, and no folder with videos"):
        files(root, ["mine", missing])


def test_without_annotations_nothing_is_known_to_happen(root: Path) -> None:
    module = files(root)
    (tested_set,) = module.tested_sets
    assert (tested_set.instances, tested_set.rows, tested_set.n_dropped_instances) == ((), frozenset({0, 1, 2}), 0)
    assert list(module.ground_truth([0, 1, 2]).seconds.shape) == [0, 2]


def test_class_names_stay_as_they_are_typed(root: Path) -> None:
    module = files(root, classes=[" Tai Chi ", "openDoor"])
    (text,) = module.class_text("predict")
    assert (text.set_name, text.names) == ("predict", ("Tai Chi", "openDoor"))
    assert text.prompts == (("a video of action Tai Chi",), ("a video of action openDoor",))
    assert module.tested_sets[0].class_names == module.tested_sets[0].exact_names == ("Tai Chi", "openDoor")
    shown = files(root, text=Text(templates="{}, seen")).class_text("test")[0].prompts[0]
    assert shown == ("Tai Chi, seen",)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "at least one name, none of them empty; got"),
        (["surfing", " "], "none of them empty"),
        (["surfing", "Surfing", "surfing "], "classes names 'surfing' more than once"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(classes: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UntrimmedFiles(videos="mine", classes=classes)


def test_no_videos_are_refused() -> None:
    with pytest.raises(ValueError, match="videos is empty; give a folder"):
        UntrimmedFiles(videos=[], classes=NAMES)


def test_annotations_say_what_happens_where(root: Path) -> None:
    entries = {"garden": [], "kitchen/monday": [("openDoor", 3.5, 4.0)], "kitchen/part.one": [("Tai Chi", 0.0, 2.0)]}
    write_thumos14_annotations(root / "truth.json", entries)
    module = files(root, annotations="truth.json")
    (tested_set,) = module.tested_sets
    assert tested_set.instances == (ActionInstance(1, 1, 3.5, 4.0), ActionInstance(2, 0, 0.0, 2.0))
    assert {video.duration_seconds for video in module.videos} == {5.0}
    assert [video.id for video in module.videos] == ["garden", "kitchen/monday", "kitchen/part.one"]
    assert module.describe()["annotations"] == str(root / "truth.json")


def test_annotations_that_do_not_fit_the_videos_are_refused(root: Path) -> None:
    write_thumos14_annotations(root / "truth.json", {"garden": [], "kitchen/monday": []})
    with pytest.raises(
        ValueError, match=r"truth\.json has no entry for 'kitchen/part.one'; add one, with an empty list"
    ):
        files(root, annotations="truth.json")
    with pytest.raises(
        FileNotFoundError, match=r"truth\.json annotates 'kitchen/monday', which is not among the given"
    ):
        files(root, "mine/garden.avi", annotations="truth.json")
    with pytest.raises(FileNotFoundError, match=r"there is no annotation file .*none\.json; --data.annotations is"):
        files(root, annotations="none.json")
    write_thumos14_annotations(root / "truth.json", {"garden": [("tai chi", 1.0, 2.0)]})
    with pytest.raises(ValueError, match="annotations of UntrimmedFiles classes that are not among its 2: tai chi"):
        files(root, "mine/garden.avi", annotations="truth.json")


def test_a_result_says_which_videos_and_classes_were_given(root: Path) -> None:
    described = files(root).describe()
    assert (described["data_set"], described["split"], described["annotations"]) == (
        "untrimmed_files",
        "all_classes",
        None,
    )
    assert (described["n_videos"], described["roots"]) == (3, {"test": str(root / "mine")})
    assert described["tested_sets"]["test"]["class_names"] == NAMES
    assert described["split_hash"] != files(root, ["mine/garden.avi"]).describe()["split_hash"]
    json.dumps(described)


def test_frames_of_a_file_can_be_read(root: Path) -> None:
    write_video(root / "mine/kitchen/monday.mp4", moving_picture(11), frames_per_second=10)
    module = files(root, loading=UntrimmedLoading(FrameStride(frames=4)))
    with module.open_frames(1, image_size=32, chunk_size=8) as stream:
        assert stream.times_seconds.tolist() == pytest.approx([0.0, 0.4, 0.8])
    assert list(module.frames_at(1, [0.4], image_size=32).shape) == [1, 3, 32, 32]


@pytest.mark.parametrize(
    ("arguments", "sources"),
    [
        ([], ["my_videos"]),
        (["--data.videos=one video.mp4"], ["one video.mp4"]),
        (["--data.videos=[a.mp4, b]"], ["a.mp4", "b"]),
        (["--data.videos+=more"], ["my_videos", "more"]),
    ],
)
def test_the_shipped_config_can_be_given_a_folder_a_file_or_several(
    arguments: list[str], sources: list[str], tmp_path: Path
) -> None:
    parser = jsonargparse.ArgumentParser()
    parser.add_subclass_arguments(UntrimmedVideoDataModule, "data")
    parsed = parser.parse_args([f"--data={CONFIG}", f"--data.data_root={tmp_path}", *arguments])
    module = parser.instantiate(parsed).data
    assert isinstance(module, UntrimmedFiles)
    assert module.sources == tuple(tmp_path / source for source in sources)
    assert module.class_text("test")[0].prompts[0] == ("a video of action opening a door",)
    assert (module.annotations, module.stride, module.batch_size) == (None, FrameStride(), 1)


def test_a_file_is_one_video_whatever_leads_to_it(root: Path) -> None:
    spellings = ["mine/garden.avi", "./mine/garden.avi", "mine/kitchen/../garden.avi", root / "mine/garden.avi"]
    assert [video.id for video in files(root, spellings).videos] == ["garden"]
    (root / "garden.mp4").hardlink_to(root / "mine/garden.avi")
    assert [video.id for video in files(root, ["mine/garden.avi", "garden.mp4"]).videos] == ["garden"]
    (root / "again.mp4").symlink_to("mine/garden.avi")
    with pytest.raises(ValueError, match=r"'again' .* and 'garden' .* are one file"):
        files(root, ["mine/garden.avi", "again.mp4"])


@pytest.mark.parametrize("classes", [["Tai Chi", "tai_chi"], ["0", "1"], ["run", "--"], ["run", "ju\x07mp"]])
def test_class_names_that_mean_nothing_or_one_class_are_refused(classes: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^--data\.classes: "):
        UntrimmedFiles(videos="mine", classes=classes)


def test_one_class_is_enough_to_find_it_in_time(root: Path) -> None:
    assert files(root, classes=["tai chi"]).all_exact_names() == ("tai chi",)
