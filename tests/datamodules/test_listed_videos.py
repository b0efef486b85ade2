import csv
from pathlib import Path

import pytest

from tests.makers.miniatures import (
    Truth,
    make_ucf101,
    write_label_csv,
    write_t2l_list,
    write_vifi_list,
)
from tests.makers.miniatures.listed_rows import cleaned, listed
from tests.makers.source_tree import SHARED
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.lists.list_files import read_labels, read_list
from zsar.datamodules.lists.splits import base_and_novel_by_frequency, split_hash
from zsar.datamodules.settings import Lists, Loading, Split, Text


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    return make_ucf101(tmp_path)


def keys(module: UCF101, set_name: str) -> set[str]:
    return set(module.sets[set_name].all_keys())


def published(root: Path, truth: Truth) -> Lists:
    """Base-to-novel lists as ViFi-CLIP's: base and novel classes renumbered, one shot a class."""
    novel, base = truth.class_names[:3][::-1], truth.class_names[3:]
    for name, classes, subset in (("base", base, "test"), ("novel", novel, "test"), ("pool", base, "train")):
        rows = sorted((f"{stem}.avi", classes.index(c)) for stem, c in truth.clips[subset, 1] if c in classes)
        write_vifi_list(root / f"{name}.txt", rows)
        if name == "pool":
            first = {label: video for video, label in reversed(rows)}
            write_vifi_list(root / "train.txt", [(video, label) for label, video in sorted(first.items())])
    write_label_csv(root / "base.csv", base)
    write_label_csv(root / "novel.csv", novel)
    return Lists(
        train="train.txt",
        held_out="pool.txt",
        base="base.txt",
        novel="novel.txt",
        base_classes="base.csv",
        novel_classes="novel.csv",
    )


def test_published_base_to_novel_lists_are_used_with_their_own_numbers(tmp_path: Path, truth: Truth) -> None:
    split = Split(protocol="base_to_novel", held_out_fraction=0.5)
    module = UCF101(data_root=tmp_path, lists=published(tmp_path, truth), split=split)
    module.setup("fit")
    module.setup("test")
    base, novel = module.base_and_novel()
    assert novel == tuple(clean_name(name) for name in truth.class_names[:3][::-1])
    assert len(module.sets["train"]) == len(base) == len(truth.class_names) - 3
    assert module.sets["val"].labels.tolist().count(0) == 1  # half of the two that training left of each class
    assert not keys(module, "train") & keys(module, "val")
    for name, classes in (("base", base), ("novel", novel)):
        table = module.sets[name]
        rows = {(table.key(i), classes[table.labels[i]]) for i in range(len(table))}
        assert rows == {row for row in cleaned(truth.clips["test", 1]) if row[1] in classes}
    assert [text.names for text in module.class_text("test")] == [base, novel]


def test_a_training_list_without_held_out_list_is_used_whole_and_holds_nothing_out(
    tmp_path: Path, truth: Truth
) -> None:
    whole = published(tmp_path, truth)
    lists = Lists(train="train.txt", base_classes=whole.base_classes, novel_classes=whole.novel_classes)
    module = UCF101(data_root=tmp_path, lists=lists, split=Split(protocol="base_to_novel"))
    module.setup("fit")
    assert not module.has_validation_set
    assert module.val_dataloader() == []
    assert len(module.sets["train"]) == len(truth.class_names) - 3


def test_t2l_lists_name_frame_folders_of_the_videos(tmp_path: Path, truth: Truth) -> None:
    names = truth.class_names
    rows = [(f"/media/sdb/UCF/{stem}", 70, names.index(name)) for stem, name in sorted(truth.clips["test", 2])]
    write_t2l_list(tmp_path / "test.txt", rows)
    write_label_csv(tmp_path / "labels.csv", names)
    module = UCF101(data_root=tmp_path, lists=Lists(test="test.txt", classes="labels.csv"))
    assert listed(module, "test") == cleaned(truth.clips["test", 2])


def test_base_classes_are_the_more_frequent_half_without_lists(tmp_path: Path) -> None:
    truth = make_ucf101(tmp_path, clips_per_group=2)
    folder = tmp_path / "ucf101" / "ucfTrainTestlist" / "trainlist01.txt"
    rare = truth.class_names[-1]
    lines = [line for line in folder.read_text().splitlines() if not (rare in line and "_c02" in line)]
    folder.write_text("\n".join(lines))
    module = UCF101(data_root=tmp_path, split=Split(protocol="base_to_novel"))
    base, novel = module.base_and_novel()
    assert (len(base), len(novel)) == (51, 50)
    filled = len(truth.class_names)  # the others have no videos, which is rarer still
    assert base[-filled:] == (clean_name(rare), *(clean_name(name) for name in truth.class_names[:-1]))


@pytest.mark.parametrize(("short", "labels"), [("ucf", "ucf_101"), ("hmdb", "hmdb_51")])
def test_the_published_base_classes_are_in_the_order_of_the_rule(short: str, labels: str) -> None:
    if not (SHARED / "splits").is_dir():
        pytest.skip(f"{SHARED / 'splits'} is not here")
    base = read_labels(SHARED / "labels" / f"{labels}_base_labels.csv")
    _, numbers = read_list(SHARED / f"splits/vifi_clip/base2novel_splits/{short}_splits/base_train.txt", len(base))
    official = read_labels(SHARED / "labels" / f"{labels}_labels.csv")
    count_of = {name: numbers.count(label) for label, name in enumerate(base)}
    counts = [count_of.get(name, 0) for name in official]
    assert base_and_novel_by_frequency(official, counts)[0] == base


def test_few_shots_are_drawn_alike_on_every_machine(tmp_path: Path, truth: Truth) -> None:
    module = UCF101(data_root=tmp_path, split=Split(shots=2, held_out_fraction=0.0))
    module.setup("fit")
    table = module.sets["train"]
    rows = [(table.key(i), module.class_names[table.labels[i]]) for i in range(len(table))]
    assert len(rows) == 2 * len(truth.class_names)
    assert split_hash({"train": rows}) == "5f27cf40dccf9867"


def test_a_draw_does_not_depend_on_folders_and_containers(tmp_path: Path, truth: Truth) -> None:
    def drawn() -> list[str]:
        module = UCF101(data_root=tmp_path, split=Split(shots=2, held_out_fraction=0.4))
        module.setup("fit")
        return sorted(module.sets["train"].all_keys()) + sorted(module.sets["val"].all_keys())

    before = drawn()
    videos = truth.folder / "UCF-101"
    for path in sorted(videos.rglob("*.avi")):
        path.rename(videos / f"{path.stem}.mp4")
    assert drawn() == before


def test_missing_videos_stop_a_run_before_it_begins(tmp_path: Path, truth: Truth) -> None:
    stem = min(stem for stem, _ in truth.clips["test", 1])
    next((truth.folder / "UCF-101").rglob(f"{stem}.avi")).unlink()
    with pytest.raises(FileNotFoundError, match=rf"1 of \d+ listed videos of the set 'test' .*{stem}.*exclude"):
        UCF101(data_root=tmp_path).setup("test")
    counting = UCF101(data_root=tmp_path, loading=Loading(on_decode_error="count_as_wrong"))
    with pytest.warns(UserWarning, match="counted as not decoded"):
        counting.setup("test")
    assert len(counting.sets["test"]) == len(truth.clips["test", 1])


def test_excluded_videos_are_left_out_and_counted(tmp_path: Path, truth: Truth) -> None:
    stem = min(stem for stem, _ in truth.clips["test", 1])
    next((truth.folder / "UCF-101").rglob(f"{stem}.avi")).unlink()
    with (tmp_path / "bad.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("video", "problem"), (stem, "missing")])
    module = UCF101(data_root=tmp_path, split=Split(exclude=tmp_path / "bad.csv"))
    module.setup("test")
    assert keys(module, "test") == {s for s, _ in truth.clips["test", 1]} - {stem}
    assert module.describe()["n_excluded"] == 1


def test_templates_are_filled_with_clean_names_or_with_exact_ones(tmp_path: Path, truth: Truth) -> None:
    clean = UCF101(data_root=tmp_path, text=Text(templates="a video of {}.")).class_text("test")[0]
    exact = UCF101(data_root=tmp_path, text=Text(templates="a video of {}.", names="exact")).class_text("test")[0]
    assert clean.names == exact.names
    assert (clean.prompts[0], exact.prompts[0]) == (
        ("a video of apply eye makeup.",),
        ("a video of ApplyEyeMakeup.",),
    )


def test_shipped_texts_describe_every_class(tmp_path: Path) -> None:
    module = UCF101(data_root=tmp_path, text=Text(descriptions="ucf101_descriptions", lead="a video of {}."))
    text = module.class_text("test")[0]
    assert len(text.prompts) == 101
    assert text.prompts[0][0].startswith("a video of apply eye makeup. ")
    assert text.source.startswith("descriptions: ucf101_descriptions")


def test_shipped_texts_fill_templates_after_the_name(tmp_path: Path) -> None:
    of_classes = Text(descriptions="ucf101_descriptions", templates="open_vclip", names="described")
    (text,) = UCF101(data_root=tmp_path, text=of_classes).class_text("test")
    assert (len(text.prompts), text.prompts_per_class) == (101, 28)
    assert text.prompts[0][0].startswith("a photo of Apply eye makeup: Applying eye makeup fills the frame")
    assert text.source == "descriptions: ucf101_descriptions.json after the name, in templates: open_vclip"


def test_class_text_may_be_in_a_clone_of_the_code_of_t2l_in_the_data_root(tmp_path: Path) -> None:
    """A CSV file of EZ-CLIP by its path in the data root, with classes in the spelling of its authors."""
    (folder := tmp_path / "EZ-CLIP" / "GPT_discription").mkdir(parents=True)
    rows = [f'{i},{name},"{name} is an action, performed by humans."' for i, name in enumerate(exact_names("ucf101"))]
    (folder / "UCF.csv").write_text("\n".join(["SNo,Class Name,GPT3 discription", *rows]))
    module = UCF101(data_root=tmp_path, text=Text(descriptions="EZ-CLIP/GPT_discription/UCF.csv"))
    (text,) = module.class_text("test")
    assert text.prompts[text.names.index("apply eye makeup")] == ("ApplyEyeMakeup is an action, performed by humans.",)
    assert text.source == "descriptions: UCF.csv"


def test_predicting_hides_the_labels(tmp_path: Path, truth: Truth) -> None:
    module = UCF101(data_root=tmp_path)
    module.setup("predict")
    assert set(module.sets["predict"].labels.tolist()) == {-1}
    assert len(module.sets["predict"]) == len(truth.clips["test", 1])


def test_results_name_data_set_fold_and_split(tmp_path: Path, truth: Truth) -> None:
    module = UCF101(data_root=tmp_path, split=Split(fold=3))
    module.setup("test")
    described = module.describe()
    assert (described["data_set"], described["fold"]) == ("ucf101", 3)
    assert described["lists"] == {}
