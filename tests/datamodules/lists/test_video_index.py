from pathlib import Path

import pytest

from tests.makers.files.shards import pack
from zsar.datamodules.lists.video_index import VideoIndex, find_videos, named_videos, video_name, videos_in_folders


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Typing/v_Typing_g12_c03.avi", "v_Typing_g12_c03"),
        ("v_Typing_g12_c03", "v_Typing_g12_c03"),
        ("a/78687.webm", "78687"),
        ("clip.with.dots.MP4", "clip.with.dots"),
        ("ends_in_a_dot_word.2", "ends_in_a_dot_word.2"),
    ],
)
def test_the_name_of_a_video_has_no_folder_and_no_video_suffix(path: str, name: str) -> None:
    assert video_name(path) == name


def test_videos_are_found_by_name_in_any_folder_and_container(tmp_path: Path) -> None:
    tree(tmp_path, "Typing/v_1.avi", "v_2.mp4", "deep/er/v_3.webm", "deep/notes.txt", ".hidden/v_4.mp4")
    paths, found = VideoIndex(tmp_path).locate(["v_1.avi", "Elsewhere/v_2.avi", "v_3", "v_4.mp4", "notes.txt"])
    assert paths == ["Typing/v_1.avi", "v_2.mp4", "deep/er/v_3.webm", "v_4.mp4", "notes.txt"]
    assert found.tolist() == [True, True, True, False, False]


def test_a_linked_folder_is_entered(tmp_path: Path) -> None:
    tree(tmp_path / "real", "v_1.mp4")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "real", target_is_directory=True)
    assert VideoIndex(tmp_path / "root").locate(["v_1"])[0] == ["linked/v_1.mp4"]


def test_the_listed_folder_decides_between_equal_names(tmp_path: Path) -> None:
    tree(tmp_path, "train/a/v_1.mp4", "val/v_1.mp4")
    index = VideoIndex(tmp_path)
    assert index.locate(["train/v_1", "val/v_1.mp4", "val/v_1"])[0] == ["train/a/v_1.mp4", "val/v_1.mp4", "val/v_1.mp4"]
    with pytest.raises(ValueError, match="'v_1' could be any of train/a/v_1.mp4, val/v_1.mp4"):
        index.locate(["v_1"])


def test_one_video_in_two_containers_is_ambiguous(tmp_path: Path) -> None:
    tree(tmp_path, "a/v_1.avi", "a/v_1.mp4")
    assert VideoIndex(tmp_path).locate(["a/v_1.avi"])[0] == ["a/v_1.avi"]
    with pytest.raises(ValueError, match="keep one of them"):
        VideoIndex(tmp_path).locate(["v_1"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere.*ZSAR_DATA"):
        VideoIndex(tmp_path / "nowhere")


def test_video_files_are_told_by_their_suffix(tmp_path: Path) -> None:
    tree(tmp_path, "b.MP4", "a.avi", "notes.txt", ".hidden.mp4", "deep/c.mkv")
    assert [p.relative_to(tmp_path).as_posix() for p in find_videos(tmp_path)] == ["a.avi", "b.MP4", "deep/c.mkv"]


def test_videos_of_a_folder_are_called_by_their_paths_in_it_and_a_file_by_its_name(tmp_path: Path) -> None:
    for name in ("b/one.mp4", "a.mkv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert named_videos(tmp_path) == [
        (tmp_path / "a.mkv", Path("a.mkv")),
        (tmp_path / "b/one.mp4", Path("b/one.mp4")),
    ]
    assert named_videos(tmp_path / "notes.txt") == [(tmp_path / "notes.txt", Path("notes.txt"))]  # whoever names it
    assert named_videos(tmp_path / "missing.mp4") == []


def test_a_name_is_found_in_another_unicode_form_and_two_forms_are_two_files(tmp_path: Path) -> None:
    composed, decomposed = "r\u00e9", "re\u0301"
    (tmp_path / f"{composed}.mp4").touch()
    paths, found = VideoIndex(tmp_path).locate([composed, decomposed])
    assert (paths, found.tolist()) == ([f"{composed}.mp4"] * 2, [True, True])
    (tmp_path / f"{decomposed}.mp4").touch()
    paths, _ = VideoIndex(tmp_path).locate([composed, decomposed])
    assert paths == [f"{composed}.mp4", f"{decomposed}.mp4"]


def test_videos_in_shards_are_listed_as_those_on_the_disk(tmp_path: Path) -> None:
    names = ["b/2.mp4", "a/1.MKV", "a/deep/0.mp4", "a-b/3.mp4", ".hidden/4.mp4", "top.mp4", "a/list.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = list(find_videos(tmp_path / "a")), videos_in_folders(tmp_path), named_videos(tmp_path / "b")
    assert [path.as_posix() for path in found[1]] == ["a/1.MKV", "a/deep/0.mp4", "a-b/3.mp4", "b/2.mp4"]
    index, listed = VideoIndex(tmp_path), ["x/3.avi", "1", "deep/0.mp4", "gone"]
    located = [part if isinstance(part, list) else part.tolist() for part in index.locate(listed)]
    pack(tmp_path)
    (tmp_path / "b").mkdir(exist_ok=True)
    (tmp_path / "b/2.mp4").write_text("both on the disk and in a shard")
    again = list(find_videos(tmp_path / "a")), videos_in_folders(tmp_path), named_videos(tmp_path / "b")
    assert again == found
    for folder, part in ((tmp_path, located), (tmp_path / "a", [["x/3.avi", "1.MKV", "deep/0.mp4", "gone"], None])):
        paths, exists = VideoIndex(folder).locate(listed)
        assert paths == part[0]
        assert part[1] is None or exists.tolist() == part[1]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        VideoIndex(tmp_path / "c")
