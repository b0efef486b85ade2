import pytest
import torch

from zsar.datamodules.lists.localization_splits import AnnotatedVideo, Instance
from zsar.datamodules.lists.tested_sets import ActionInstance, TestedSet, check_annotations, list_tested_set

VIDEOS = (
    AnnotatedVideo("a", 9.0, (Instance("Jump", 5.0, 6.0), Instance("Dive", 1.0, 2.0), Instance("Jump", 1.0, 1.5))),
    AnnotatedVideo("b", 9.0, (Instance("Dive", 3.0, 4.0),)),
    AnnotatedVideo("c", 9.0, ()),
)


def a_set(*names: str, on_all_videos: bool = False) -> TestedSet:
    return list_tested_set(4, names, [name.lower() for name in names], VIDEOS, on_all_videos=on_all_videos)


def test_a_set_has_the_videos_in_which_its_classes_occur() -> None:
    assert a_set("Jump") == TestedSet(
        number=4,
        exact_names=("Jump",),
        class_names=("jump",),
        rows=frozenset({0}),
        instances=(ActionInstance(0, 0, 1.0, 1.5), ActionInstance(0, 0, 5.0, 6.0)),
        n_dropped_instances=1,
    )


def test_labels_follow_the_order_of_the_set() -> None:
    instances = a_set("Jump", "Dive").instances
    assert [(i.video, i.label, i.start_seconds) for i in instances] == [(0, 0, 1), (0, 1, 1), (0, 0, 5), (1, 1, 3)]
    assert [i.label for i in a_set("Dive", "Jump").instances] == [1, 0, 1, 0]


def test_all_videos_may_count_whatever_happens_in_them() -> None:
    every = a_set("Jump", on_all_videos=True)
    assert (every.rows, len(every.instances), every.n_dropped_instances) == (frozenset({0, 1, 2}), 2, 2)


def test_the_truth_of_some_videos_comes_as_tensors() -> None:
    truth = a_set("Jump", "Dive").ground_truth([1, 0])
    assert truth.videos.tolist() == [0, 0, 0, 1]
    assert truth.labels.tolist() == [0, 1, 0, 1]
    expected = torch.tensor([[1, 1.5], [1, 2], [5, 6], [3, 4]], dtype=torch.float64)
    torch.testing.assert_close(truth.seconds, expected, rtol=0, atol=0)


def test_videos_that_a_set_does_not_test_on_contribute_nothing() -> None:
    truth = a_set("Jump").ground_truth([1, 2])
    assert (list(truth.videos.shape), list(truth.labels.shape), list(truth.seconds.shape)) == ([0], [0], [0, 2])
    assert (truth.videos.dtype, truth.labels.dtype, truth.seconds.dtype) == (torch.int64, torch.int64, torch.float64)


def test_annotations_of_an_unknown_class_are_refused() -> None:
    check_annotations(VIDEOS, ["Jump", "Dive"], data_set="Sports")
    with pytest.raises(ValueError, match="annotations of Sports name classes that are not among its 1: Dive"):
        check_annotations(VIDEOS, ["Jump"], data_set="Sports")


def test_a_video_that_is_annotated_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="annotations of Sports annotate the video 'a' twice"):
        check_annotations([*VIDEOS, VIDEOS[0]], ["Jump", "Dive"], data_set="Sports")
