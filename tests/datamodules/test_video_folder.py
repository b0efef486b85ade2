from pathlib import Path

import pytest

from datamodules.settings import Clips, Loading, Split, Text
from datamodules.video_folder import VideoFolder

CLIPS = Clips(n_frames=4, image_size=32)
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
        ("file,label\na,b\n", r"no column path; its first line must be path,label"),
        ("path,label\na.mp4,\n", r"line 2: no label"),
        ("path,label\na.mp4,x\na.mp4,x\n", r"line 3: a\.mp4 is listed twice"),
    ],
)
def test_malformed_csv_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
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
