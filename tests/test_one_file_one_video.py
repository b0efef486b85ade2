"""A video is the file behind its path: the rule for every data set, and for every command that is given videos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import zsar.datamodules.data_sets  # noqa: F401 - so that all names are known
from tests.makers import miniatures as miniature
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.kinetics400 import Kinetics400
from zsar.datamodules.data_sets.kinetics600 import Kinetics600
from zsar.datamodules.data_sets.shifted.ucf101_ds import UCF101DS
from zsar.datamodules.data_sets.ssv2 import SomethingSomethingV2
from zsar.datamodules.data_sets.thumos14 import THUMOS14
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.diagnosis.repeated_videos import check_duplicates, check_overlap
from zsar.datamodules.settings import Split
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.cli import main


def make_folder(root: Path) -> None:
    miniature.make_hmdb51(root, ("cartwheel", "kick"))


def video_folder(data_root: Path, split: Split) -> VideoFolder:
    return VideoFolder(train="hmdb51/videos", data_root=data_root, split=split)


DATA_SETS: dict[str, tuple[Callable[[Path], object], Callable[..., TrimmedVideoDataModule]]] = {
    "UCF101": (miniature.make_ucf101, UCF101),
    "HMDB51": (miniature.make_hmdb51, HMDB51),
    "Kinetics400": (miniature.make_kinetics400, Kinetics400),
    "Kinetics600": (miniature.make_kinetics600, Kinetics600),
    "SomethingSomethingV2": (miniature.make_ssv2, SomethingSomethingV2),
    "UCF101DS": (miniature.make_ucf101_ds, UCF101DS),
    "VideoFolder": (make_folder, video_folder),
}
TRAINED = [name for name in DATA_SETS if name != "UCF101DS"]
Linking = Callable[[Path, Path], None]
LINKS: dict[str, Linking] = {"soft": lambda a, b: b.symlink_to(a), "hard": lambda a, b: b.hardlink_to(a)}


def with_link(kind: str, root: Path, data_set: str, stage: str, names: tuple[str, str]) -> TrimmedVideoDataModule:
    """A data set in which the last file of the second set is a link to the first file of the first set."""
    make, kind_of_data = DATA_SETS[data_set]
    make(root)
    module = kind_of_data(data_root=root, split=Split(held_out_fraction=0.34))
    module.setup("test")
    if stage == "fit":
        module.setup("fit")
    (first, second) = (module.sets[name] for name in names)
    original, link = first[0].path, second[len(second) - 1].path
    link.unlink()
    LINKS[kind](original, link)
    return kind_of_data(data_root=root, split=Split(held_out_fraction=0.34))


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("data_set", DATA_SETS)
def test_a_file_that_a_set_lists_twice_through_a_link_is_refused_and_found(
    data_set: str, kind: str, tmp_path: Path
) -> None:
    module = with_link(kind, tmp_path, data_set, "test", ("test", "test"))
    with pytest.raises(ValueError, match="1 video of the set 'test' is listed twice: .* and "):
        module.setup("test")
    finding = check_duplicates("test", module.list_sets("test")["test"])
    assert (finding.severity, finding.count) == ("error", 1)


@pytest.mark.parametrize("data_set", TRAINED)
def test_a_file_that_is_trained_and_tested_on_through_a_link_is_refused_before_training(
    data_set: str, tmp_path: Path
) -> None:
    module = with_link("hard", tmp_path, data_set, "fit", ("test", "train"))
    with pytest.raises(ValueError, match="1 video is in the sets 'test' and 'train': .* and "):
        module.setup("fit")
    findings = check_overlap({**module.list_sets("fit"), **module.list_sets("test")})
    assert [(f.set_name, f.count) for f in findings if f.severity == "error"] == [("training / test", 1)]


def test_several_stretches_of_a_file_are_videos_of_their_own(tmp_path: Path) -> None:
    miniature.make_thumos14(tmp_path)
    module = THUMOS14(data_root=tmp_path, split=Split(held_out_fraction=0))
    for stage in ("fit", "test"):
        module.setup(stage)
    files = module.sets["train"].all_files()
    assert len(set(files)) < len(files)


@pytest.fixture
def spellings(video_tree: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five ways to one file, of which one has a name of its own."""
    monkeypatch.chdir(video_tree)
    Path("link.mp4").symlink_to("red dance/0.mp4")
    return [
        "red dance/0.mp4",
        "./red dance/0.mp4",
        "blue dance/../red dance/0.mp4",
        f"{video_tree}/red dance/0.mp4",
        "link.mp4",
    ]


def test_classify_takes_a_file_once(
    spellings: list[str], tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]
    assert main(["classify", *spellings, "red dance", "--classes", "red,blue", "--json", *tiny]) == 0
    paths = [answer["path"] for answer in json.loads(capsys.readouterr().out)]
    assert paths == [f"red dance/{i}.mp4" for i in range(5)]


def test_localize_takes_a_file_once(
    spellings: list[str], tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--n-workers", "0"]
    arguments = ["--method", "frame-wise", "--classes", "red,blue", "--output", str(tmp_path / "o"), "--json"]
    assert main(["localize", *spellings, *arguments, *tiny]) == 0
    assert [Path(video["path"]).as_posix() for video in json.loads(capsys.readouterr().out)] == ["red dance/0.mp4"]


def test_extract_makes_a_file_for_each_name(spellings: list[str], tiny_weights: Path, tmp_path: Path) -> None:
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu", "--n-workers", "0"]
    assert main(["extract", *spellings, "--output", str(tmp_path / "o"), *tiny]) == 0
    assert sorted(path.name for path in (tmp_path / "o").glob("*.safetensors")) == ["0.safetensors", "link.safetensors"]
