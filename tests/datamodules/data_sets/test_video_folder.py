import os
import shutil
from pathlib import Path

import pytest

from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split, Text

CLIPS = Clips(n_frames=4, image_size=32)
CLASSES = ["red", "blue", "red dance", "blue dance", "green dance", "white dance"]
LOADING = Loading(batch_size=2, n_workers=0)


def folder(train: Path | str, **arguments: object) -> VideoFolder:
    settings: dict[str, object] = {"clips": CLIPS, "loading": LOADING}
    return VideoFolder(train=train, **{**settings, **arguments})  # type: ignore[arg-type]


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_class_folders_are_classes_and_a_part_is_drawn_for_testing(video_tree: Path) -> None:
    module = folder(video_tree, split=Split(held_out_fraction=0.25))
    for stage in ("fit", "test"):
        module.setup(stage)
    assert module.class_names == ["blue dance", "green dance", "red dance", "white dance"]
    assert {name: len(table) for name, table in module.sets.items()} == {"train": 12, "val": 4, "test": 4}
    keys = [key for table in module.sets.values() for key in table.all_keys()]
    assert len(set(keys)) == 20
    assert module.sets["test"].labels.tolist() == [0, 1, 2, 3]


def test_the_draw_does_not_depend_on_where_the_videos_lie(video_tree: Path, tmp_path: Path) -> None:
    first = folder(video_tree)
    first.setup("test")
    moved = video_tree.rename(tmp_path / "elsewhere")
    second = folder(moved)
    second.setup("test")
    assert first.sets["test"].all_keys() == second.sets["test"].all_keys()
    assert first.describe()["split_hash"] == second.describe()["split_hash"]


def test_a_test_set_of_its_own_is_taken_as_it_is(video_tree: Path) -> None:
    module = folder(video_tree, test=video_tree)
    module.setup("test")
    assert len(module.sets["test"]) == 20


def test_base_and_novel_classes_are_two_test_sets(video_tree: Path) -> None:
    module = folder(video_tree, split=Split(protocol="base_to_novel", held_out_fraction=0.25))
    for stage in ("fit", "test"):
        module.setup(stage)
    base, novel = module.base_and_novel()
    assert (len(base), len(novel)) == (2, 2)
    assert set(module.sets["train"].labels.tolist()) == {0, 1}
    texts = {text.set_name: text.names for text in module.class_text("test")}
    assert texts == {"base": tuple(base), "novel": tuple(novel)}
    assert module.class_text("fit")[0].names == tuple(base)
    for key in module.sets["train"].all_keys() + module.sets["base"].all_keys():
        assert key.split("/")[0] in base
    assert {key.split("/")[0] for key in module.sets["novel"].all_keys()} == set(novel)


def test_a_csv_lists_paths_relative_to_itself(video_tree: Path) -> None:
    rows = "path,label\nred dance/0.mp4,red\nred dance/1.mp4,red\nblue dance/0.mp4,blue\nblue dance/1.mp4,blue\n"
    module = folder(write_csv(video_tree / "list.csv", rows), split=Split(held_out_fraction=0))
    module.setup("fit")
    assert module.class_names == ["blue", "red"]
    assert all(module.sets["train"][i].path.is_file() for i in range(len(module.sets["train"])))


def test_sources_are_relative_to_the_data_root(video_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(video_tree.parent))
    assert folder("videos").train_source == video_tree
    assert folder("x", data_root="/data").train_source == Path("/data/x")


def test_given_classes_fix_the_labels(video_tree: Path) -> None:
    names = ["red dance", "unseen", "green dance", "blue dance", "white dance"]
    module = folder(video_tree, classes=names)
    module.setup("test")
    assert sorted(module.sets["test"].labels.tolist()) == [0, 2, 3, 4]
    with pytest.raises(ValueError, match="does not list: green dance, white dance"):
        folder(video_tree, classes=["red dance", "blue dance"]).setup("test")


def test_videos_to_predict_need_no_labels(video_tree: Path) -> None:
    module = folder(video_tree, predict=video_tree / "red dance")
    module.setup("predict")
    assert module.sets["predict"].all_keys() == [f"{i}.mp4" for i in range(5)]
    batch = next(iter(module.predict_dataloader()[0]))
    assert batch.labels.tolist() == [-1, -1]
    with pytest.raises(ValueError, match="nothing to predict"):
        folder(video_tree).setup("predict")


def test_loaders_give_every_video_once(video_tree: Path) -> None:
    module = folder(video_tree)
    for stage in ("fit", "test"):
        module.setup(stage)
    train = [i for batch in module.train_dataloader() for i in batch.indices.tolist()]
    assert sorted(train) == list(range(len(module.sets["train"])))
    test = [i for batch in module.test_dataloader()[0] for i in batch.indices.tolist()]
    assert test == list(range(len(module.sets["test"])))


def test_class_text_comes_from_templates_or_descriptions(video_tree: Path, tmp_path: Path) -> None:
    text = folder(video_tree, text=Text(templates="photo")).class_text("test")[0]
    assert text.prompts[0] == ("a photo of a blue dance.",)
    path = write_csv(
        tmp_path / "d.json", '{"blue dance": "a", "green dance": "b", "red dance": "c", "white dance": "d"}'
    )
    text = folder(video_tree, text=Text(descriptions=path)).class_text("test")[0]
    assert text.prompts == (("a",), ("b",), ("c",), ("d",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,label\na,b\n", r"list\.csv:1: no column path; .* must name path,label"),
        ("path,label\na.mp4,\n", r"list\.csv:2: no label"),
        ("path,label\na.mp4,x\na.mp4,x\n", r"list\.csv:3: a\.mp4 is listed twice: it is the video of .*list\.csv:2: a"),
        ("path,label\na.mp4,x\nb/../a.mp4,y\n", r"list\.csv:3: b/\.\./a\.mp4 is listed twice"),
        ("path,label\na.mp4,x\nb.mp4,x\nc.mp4,x\n", r"the set 'train' has a single class, 'x'"),
        ("path,label\na.mp4,Arm Wrestling\nb.mp4,arm_wrestling\n", r"list\.csv:2 and .*list\.csv:3: .* are one class"),
        ("path,label\na.mp4,0\nb.mp4,1\n", r"list\.csv:2: the class name '0' is only a number"),
        ("a.mp4,x\nb.mp4,y\n", r"list\.csv:1: no column path, label"),
        ('path,label\na.mp4,"x\nb.mp4,y\n', r"list\.csv:2: "),
        ("path,label\na.mp4,one, then another\n", r"list\.csv:2: 3 cells"),
    ],
)
def test_malformed_csv_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match=message):
        folder(write_csv(tmp_path / "list.csv", content)).setup("fit")


def test_missing_and_empty_sources_say_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"neither a folder nor a file .*gone.*ZSAR_DATA"):
        folder(tmp_path / "gone").setup("fit")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no videos in class folders; expected .*CLASS NAME/VIDEO"):
        folder(tmp_path / "empty").setup("fit")


def test_a_test_fraction_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="test_fraction must be above 0 and below 1; got 1"):
        folder("x", test_fraction=1.0)


def test_cells_and_labels_are_read_without_white_space_around_them(video_tree: Path) -> None:
    rows = "path, label\nred dance/0.mp4, red \nred dance/1.mp4,red\nblue dance/0.mp4,blue\n"
    module = folder(write_csv(video_tree / "list.csv", rows))
    assert module.class_names == ["blue", "red"]


def test_class_folders_of_one_class_are_refused_and_both_named(video_tree: Path) -> None:
    (video_tree / "Red_Dance").mkdir()
    (video_tree / "red dance" / "0.mp4").rename(video_tree / "Red_Dance" / "0.mp4")
    message = r"videos/Red_Dance and .*videos/red dance: 'Red_Dance' and 'red dance' are one class \('red dance'\)"
    with pytest.raises(ValueError, match=message):
        folder(video_tree).setup("fit")
    with pytest.raises(ValueError, match=message):
        folder(video_tree, classes=["red dance", "blue dance", "green dance", "white dance"]).setup("fit")


def test_the_spelling_of_a_class_must_be_one_in_training_and_test(video_tree: Path) -> None:
    lists = {
        name: write_csv(video_tree / f"{name}.csv", f"path,label\nred dance/{n}.mp4,{red}\nblue dance/{n}.mp4,blue\n")
        for n, (name, red) in enumerate((("train", "red dance"), ("test", "Red-Dance")))
    }
    with pytest.raises(ValueError, match=r"test\.csv:2 and .*train\.csv:2: 'Red-Dance' and 'red dance' are one class"):
        folder(lists["train"], test=lists["test"]).setup("fit")


def test_given_classes_are_found_in_every_spelling(video_tree: Path) -> None:
    names = ["White Dance", "red_dance", "BlueDance", "green dance"]
    module = folder(video_tree, classes=names)
    module.setup("test")
    assert module.class_names == tuple(names)
    of_key = dict(zip(module.sets["test"].all_keys(), module.sets["test"].labels.tolist(), strict=True))
    assert {key.partition("/")[0]: names[label] for key, label in of_key.items()} == {
        "white dance": "White Dance",
        "red dance": "red_dance",
        "blue dance": "BlueDance",
        "green dance": "green dance",
    }


@pytest.mark.parametrize("classes", [["red dance", "Red_Dance"], ["red dance", ""], [], ["0", "1"]])
def test_given_classes_are_checked(classes: list[str]) -> None:
    with pytest.raises(ValueError, match=r"--data\.classes"):
        folder("x", classes=classes)


def test_numbers_are_classes_where_class_text_says_what_they_mean(video_tree: Path, tmp_path: Path) -> None:
    rows = "path,label\nred dance/0.mp4,0\nred dance/1.mp4,0\nblue dance/0.mp4,1\nblue dance/1.mp4,1\n"
    listed = write_csv(video_tree / "list.csv", rows)
    with pytest.raises(ValueError, match="'0' is only a number, which tells a model nothing about the action"):
        folder(listed).setup("test")
    texts = write_csv(tmp_path / "d.json", '{"0": "red", "1": "blue"}')
    folder(listed, text=Text(descriptions=texts)).setup("test")


@pytest.mark.parametrize("link", ["copy.mp4", "sub/../0.mp4", "hard.mp4"])
def test_a_video_that_is_trained_and_tested_on_is_refused_before_training(video_tree: Path, link: str) -> None:
    (video_tree / "sub").mkdir()
    (video_tree / "0.mp4").hardlink_to(video_tree / "red dance/0.mp4")
    (video_tree / "copy.mp4").symlink_to("red dance/0.mp4")
    (video_tree / "hard.mp4").hardlink_to(video_tree / "red dance/0.mp4")
    train = write_csv(video_tree / "train.csv", "path,label\n0.mp4,red\nblue dance/0.mp4,blue\n")
    test = write_csv(video_tree / "test.csv", f"path,label\n{link},red\nblue dance/1.mp4,blue\n")
    no_val = Split(held_out_fraction=0)
    with pytest.raises(ValueError, match=r"test\.csv:2: .* is listed twice: it is the video of .*train\.csv:2: 0\.mp4"):
        folder(train, test=test, split=no_val).setup("fit")
    folder(train, test=test, split=no_val).setup("test")  # nothing was trained on


@pytest.mark.parametrize("stage", ["fit", "test", "predict"])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("clips\\1.mp4,red", r"list\.csv:2: 'clips.+1\.mp4' is a path as Windows writes it, .*; write it with /"),
        ("~/1.mp4,red", r"list\.csv:2: '~/1\.mp4' begins with ~, which only a shell knows; write the whole path"),
        ("https://host/1.mp4,red", r"list\.csv:2: 'https://host/1\.mp4' is an address, not a path; download"),
        ("", r"list\.csv: lists no videos; add a row for each"),
    ],
)
def test_a_path_that_can_lead_to_no_video_is_refused_with_its_line(
    row: str, message: str, stage: str, video_tree: Path
) -> None:
    listed = write_csv(video_tree / "list.csv", f"path,label\n{row}\n")
    with pytest.raises(ValueError, match=message):
        folder(listed, predict=listed).setup(stage)


@pytest.mark.parametrize("stage", ["fit", "test"])
def test_a_video_that_is_there_twice_is_refused_in_each_stage_wherever_it_is_drawn(
    stage: str, video_tree: Path
) -> None:
    (video_tree / "crimson dance").symlink_to("red dance")
    for seed in range(3):
        with pytest.raises(ValueError, match=r"crimson dance/\d\.mp4 and red dance/\d\.mp4"):
            folder(video_tree, split=Split(seed=seed)).setup(stage)


@pytest.mark.parametrize("stage", ["fit", "test"])
def test_a_single_novel_class_is_refused_before_it_is_trained_for(stage: str, video_tree: Path) -> None:
    shutil.rmtree(video_tree / "red dance")
    with pytest.raises(ValueError, match="the set 'novel' has a single class.* of four for base and novel ones"):
        folder(video_tree, split=Split(protocol="base_to_novel", held_out_fraction=0)).setup(stage)


def test_a_file_whose_name_looks_so_is_read(video_tree: Path) -> None:
    for name in ("a\\b.mp4", "~c.mp4"):
        shutil.copy(video_tree / "red dance/0.mp4", video_tree / name)
    rows = "path,label\na\\b.mp4,red\n~c.mp4,blue\n"
    module = folder(write_csv(video_tree / "list.csv", rows), test=video_tree, predict=video_tree / "list.csv")
    module.setup("predict")
    assert module.sets["predict"].all_keys() == ["a\\b.mp4", "~c.mp4"]


@pytest.mark.parametrize("spelling", [".", "../videos", "link"])
def test_one_list_for_training_and_testing_is_a_warning_however_it_is_spelled(video_tree: Path, spelling: str) -> None:
    (video_tree.parent / "link").symlink_to("videos")
    test = video_tree.parent / "link" if spelling == "link" else video_tree / spelling
    with pytest.warns(UserWarning, match="one list: test figures will be of videos that were trained on; give other"):
        folder(video_tree, test=test).setup("fit")
    folder(video_tree, test=test).setup("test")


def test_training_goes_on_without_a_test_list_that_can_be_read(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = folder(video_tree)
    listing = module.list_sets

    def no_test_list(stage: str) -> object:
        if stage == "test":
            raise error
        return listing(stage)

    monkeypatch.setattr(module, "list_sets", no_test_list)
    error: Exception = ValueError("split.txt:3: no label")
    with pytest.warns(UserWarning, match=r"was not checked: split\.txt:3: no label"):
        module.setup("fit")
    error = FileNotFoundError("no test list")
    module.setup("fit")


def test_a_video_to_predict_that_is_listed_twice_is_refused(video_tree: Path) -> None:
    listed = write_csv(video_tree / "list.csv", "path\nred dance/0.mp4\n./red dance/0.mp4\n")
    with pytest.raises(ValueError, match=r"list\.csv:3: \./red dance/0\.mp4 is listed twice"):
        folder(video_tree, predict=listed).setup("predict")


def test_file_names_of_any_bytes_are_listed_drawn_and_read(video_tree: Path) -> None:
    content = (video_tree / "red dance/0.mp4").read_bytes()
    names = [os.fsdecode(name) for name in (b"\xff.mp4", b"new\nline.mp4", b"[bold].mp4", b"e\xcc\x81.mp4")]
    for name in [*names, "\u00e9.mp4"]:
        (video_tree / "red dance" / name).write_bytes(content)
    module = folder(video_tree, test=video_tree)
    module.setup("test")
    assert {f"red dance/{name}" for name in names} <= set(module.sets["test"].all_keys())
    assert not any(batch.failed.any() for batch in module.test_dataloader()[0])
    assert len(module.describe()["split_hash"]) == 16
    folder(video_tree, split=Split(shots=1, held_out_fraction=0.2)).setup("fit")


def test_a_list_of_one_unicode_form_finds_files_of_the_other(video_tree: Path) -> None:
    (video_tree / "red dance/0.mp4").rename(video_tree / "red dance/\u00e9.mp4")
    (video_tree / "red dance/1.mp4").rename(video_tree / "red dance/a\u0301.mp4")
    rows = "path,label\nred dance/e\u0301.mp4,red\nred dance/\u00e1.mp4,red\nblue dance/0.mp4,blue\n"
    module = folder(video_tree, test=write_csv(video_tree / "list.csv", rows), classes=CLASSES)
    module.setup("test")
    assert all(module.sets["test"][i].path.is_file() for i in range(3))
