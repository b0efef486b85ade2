from pathlib import Path
from typing import Any

import pytest

from tests.makers.miniatures import make_thumos14
from tests.makers.miniatures.localization_files import published_lists, write_class_list, write_thumos14_annotations
from zsar.datamodules.data_sets.untrimmed.thumos14_untrimmed import THUMOS14Untrimmed
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, read_thumos14_annotations


@pytest.mark.parametrize("number", [0, 7])
def test_the_videos_of_a_list_are_found_in_both_subsets(number: int, tmp_path: Path) -> None:
    truth = make_thumos14(tmp_path)
    both = truth.instances["validation"] | truth.instances["test"]
    videos: dict[str, list[tuple[str, float, float]]] = {}
    for stem, *instance in sorted(both):
        videos.setdefault(str(stem), []).append(tuple(instance))  # type: ignore[arg-type]
    write_thumos14_annotations(tmp_path / "thumos14/thumos14_annotations.json", videos)
    tested = sorted({i.class_name for i in both})[:2]
    write_class_list(tmp_path / "t3al_splits", "75_25", "THUMOS14", number, tested)
    module = THUMOS14Untrimmed(data_root=tmp_path, split=ClassSplit(name="75_25", number=number, lists="t3al_splits"))
    module.setup("test")
    (tested_set,) = module.tested_sets
    found = {
        (module.videos[i.video].id, tested_set.exact_names[i.label], i.start_seconds, i.end_seconds)
        for i in tested_set.instances
    }
    assert found == {tuple(i) for i in both if i.class_name in tested}
    assert {video.id.split("_")[1] for video in module.videos} == {"validation", "test"}
    assert all(video.path is not None and video.path.is_file() for video in module.videos)


@pytest.fixture(scope="module")
def annotated() -> list[AnnotatedVideo]:
    return read_thumos14_annotations(published_lists() / "thumos14_annotations.json")


def published(monkeypatch: pytest.MonkeyPatch, annotated: list[AnnotatedVideo], split: ClassSplit) -> THUMOS14Untrimmed:
    """The published annotations and lists, without videos."""
    monkeypatch.setattr(THUMOS14Untrimmed, "read_videos", lambda self: annotated)
    module = THUMOS14Untrimmed(split=split, needs_files=False)
    module.setup("test")
    return module


@pytest.mark.parametrize(("name", "n_videos", "n_different"), [("50_50", 2229, 412), ("75_25", 1145, 372)])
def test_the_published_splits_have_the_published_number_of_test_videos(
    name: Any, n_videos: int, n_different: int, annotated: list[AnnotatedVideo], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = published(monkeypatch, annotated, ClassSplit(name=name, number="all", lists=published_lists()))
    assert sum(len(tested.rows) for tested in module.tested_sets) == n_videos
    assert len(module.videos) == n_different
    assert all({i.label for i in s.instances} == set(range(len(s.class_names))) for s in module.tested_sets)


def test_a_published_split_is_the_same_alone_and_among_all_ten(
    annotated: list[AnnotatedVideo], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = published(monkeypatch, annotated, ClassSplit(number="all", lists=published_lists()))
    alone = published(monkeypatch, annotated, ClassSplit(number=6, lists=published_lists()))
    among, own = together.tested_sets[6], alone.tested_sets[0]
    assert [together.videos[row] for row in sorted(among.rows)] == list(alone.videos)
    assert (among.exact_names, among.n_dropped_instances) == (own.exact_names, own.n_dropped_instances)
    truth = together.ground_truth(range(len(together.videos)), 6)
    expected = alone.ground_truth(range(len(alone.videos)))
    assert truth.labels.tolist() == expected.labels.tolist()
    assert truth.seconds.tolist() == expected.seconds.tolist()


def test_every_video_is_there_with_all_classes(
    annotated: list[AnnotatedVideo], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = published(monkeypatch, annotated, ClassSplit(name="all_classes"))
    (tested_set,) = module.tested_sets
    assert (len(module.videos), len(tested_set.instances), len(tested_set.class_names)) == (413, 6335, 20)
    assert "high jump" in tested_set.class_names
