from pathlib import Path

import pytest
import torch

from tests.makers.miniatures.sports import LISTED, TEN, VIDEOS, Sports, make_sports, make_ten_draws, sports
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.lists.tested_sets import ActionInstance
from zsar.datamodules.settings import Text
from zsar.datamodules.untrimmed_frames import UntrimmedVideo


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_sports(tmp_path)


@pytest.fixture
def root_of_ten(root: Path) -> Path:
    return make_ten_draws(root)


def test_the_videos_are_those_with_an_instance_of_a_tested_class(root: Path) -> None:
    folder = root / "videos"
    assert sports(root).videos == (
        UntrimmedVideo("both", folder / "both.mkv", None),
        UntrimmedVideo("late", folder / "a/late.mp4", 30.0),
    )


def test_instances_are_those_of_tested_classes_in_order_and_the_others_are_counted(root: Path) -> None:
    (tested_set,) = sports(root).tested_sets
    assert tested_set.instances == (
        ActionInstance(video=0, label=1, start_seconds=1.0, end_seconds=3.0),
        ActionInstance(video=1, label=0, start_seconds=2.0, end_seconds=4.5),
        ActionInstance(video=1, label=0, start_seconds=20.0, end_seconds=25.0),
    )
    assert tested_set.n_dropped_instances == 1


def test_all_classes_mean_all_videos_also_one_in_which_nothing_happens(root: Path) -> None:
    module = sports(root, ClassSplit(name="all_classes"))
    assert [video.id for video in module.videos] == ["both", "late", "nothing", "other"]
    (tested_set,) = module.tested_sets
    assert (tested_set.number, tested_set.rows) == (0, frozenset({0, 1, 2, 3}))
    assert (len(tested_set.instances), tested_set.n_dropped_instances) == (5, 0)
    assert tested_set.class_names == ("billiards", "cliff diving", "diving", "high jump")


def test_the_truth_of_some_videos_comes_as_tensors(root: Path) -> None:
    module = sports(root)
    truth = module.ground_truth(torch.tensor([1]).tolist())
    assert (truth.videos.tolist(), truth.labels.tolist()) == ([1, 1], [0, 0])
    expected = torch.tensor([[2.0, 4.5], [20.0, 25.0]], dtype=torch.float64)
    torch.testing.assert_close(truth.seconds, expected, rtol=0, atol=0)
    nothing = sports(root, ClassSplit(name="all_classes")).ground_truth([2])
    assert (list(nothing.videos.shape), list(nothing.seconds.shape)) == ([0], [0, 2])


def test_class_text_fills_words_or_exact_names_into_the_template(root: Path) -> None:
    (text,) = sports(root).class_text("test")
    assert (text.set_name, text.names) == ("test", ("high jump", "cliff diving"))
    assert text.prompts == (("a video of action high jump",), ("a video of action cliff diving",))
    exact = Sports(data_root=root, split=LISTED, text=Text(templates="name", names="exact"))
    assert exact.class_text("predict")[0].prompts == (("HighJump",), ("CliffDiving",))


def test_class_text_may_be_descriptions(root: Path) -> None:
    module = Sports(data_root=root, split=LISTED, text=Text(descriptions="thumos14_descriptions"))
    (text,) = module.class_text("test")
    assert text.names == ("high jump", "cliff diving")
    assert "thumos14_descriptions" in text.source


def test_missing_videos_are_an_error_that_says_what_to_do(root: Path) -> None:
    (root / "videos/both.mkv").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 2 listed videos are not under .*: both\. Get them; or name"):
        sports(root)


def test_videos_may_be_excluded_on_the_record(root: Path) -> None:
    (root / "videos/both.mkv").unlink()
    (root / "bad.csv").write_text("video,reason\nboth,gone\n")
    module = sports(root, ClassSplit(lists="lists", exclude=root / "bad.csv"))
    assert [video.id for video in module.videos] == ["late"]
    assert module.describe()["n_excluded"] == 1


def test_where_features_stand_in_for_files_a_missing_file_has_no_path(root: Path) -> None:
    (root / "videos/both.mkv").unlink()
    module = Sports(data_root=root, split=LISTED, needs_files=False)
    module.setup("test")
    assert [video.path for video in module.videos] == [None, root / "videos/a/late.mp4"]


def test_a_class_that_the_data_set_has_not_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sports, "all_exact_names", lambda self: ("CliffDiving", "Diving", "HighJump"))
    with pytest.raises(ValueError, match="annotations of Sports name classes that are not among its 3: Billiards"):
        sports(root)


def test_a_video_that_is_annotated_twice_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sports, "read_videos", lambda self: (*VIDEOS, VIDEOS[0]))
    with pytest.raises(ValueError, match="annotate the video 'late' twice"):
        sports(root)


def test_a_split_without_videos_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sports, "read_videos", lambda self: VIDEOS[2:])
    with pytest.raises(ValueError, match="has no video of a tested class"):
        sports(root)


def test_there_is_nothing_to_train_on(root: Path) -> None:
    for call in (Sports(data_root=root).setup, Sports(data_root=root).class_text):
        with pytest.raises(ValueError, match="Sports has no videos for the stage 'fit'"):
            call("fit")


def test_ten_draws_share_their_videos_and_each_has_its_own(root_of_ten: Path) -> None:
    module = sports(root_of_ten, TEN)
    assert [video.id for video in module.videos] == ["both", "late", "other"]
    assert [tested_set.number for tested_set in module.tested_sets] == list(range(10))
    assert [set(tested_set.rows) for tested_set in module.tested_sets] == [{0, 1}, {1, 2}] * 4 + [{0, 1}, {0}]
    assert [tested_set.n_dropped_instances for tested_set in module.tested_sets] == [1, 0] * 4 + [1, 1]
    assert module.tested_sets[1].class_names == ("billiards", "high jump")


def test_each_draw_is_what_it_is_alone(root_of_ten: Path) -> None:
    together = sports(root_of_ten, TEN)
    for number in range(10):
        alone = sports(root_of_ten, ClassSplit(number=number, lists="lists"))
        among, (own,) = together.tested_sets[number], alone.tested_sets
        assert (among.number, among.exact_names, among.class_names) == (own.number, own.exact_names, own.class_names)
        assert [together.videos[row] for row in sorted(among.rows)] == list(alone.videos)
        found = [(together.videos[i.video].id, i.label, i.start_seconds, i.end_seconds) for i in among.instances]
        assert found == [(alone.videos[i.video].id, i.label, i.start_seconds, i.end_seconds) for i in own.instances]


def test_the_truth_of_a_draw_leaves_out_what_it_does_not_test_on(root_of_ten: Path) -> None:
    module = sports(root_of_ten, TEN)
    truth = module.ground_truth([0, 2], 1)
    assert (truth.videos.tolist(), truth.labels.tolist(), truth.seconds.tolist()) == ([2], [0], [[1.0, 2.0]])
    assert module.ground_truth([0, 2], tested_set=9).labels.tolist() == [0]
    assert module.ground_truth([0, 2]).labels.tolist() == [1]


def test_ten_draws_have_a_class_text_each_in_which_a_class_reads_the_same(root_of_ten: Path) -> None:
    module = Sports(data_root=root_of_ten, split=TEN)
    for stage in ("test", "predict"):
        texts = module.class_text(stage)
        assert [text.set_name for text in texts] == [f"split_{number}" for number in range(10)]
        assert texts[0].names == ("high jump", "cliff diving")
        assert texts[1].prompts == (("a video of action billiards",), ("a video of action high jump",))
        assert texts[1].prompts[1] == texts[0].prompts[0]


def test_a_draw_without_videos_is_named(root_of_ten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sports, "read_videos", lambda self: (VIDEOS[0], VIDEOS[2]))
    with pytest.raises(ValueError, match=r"has no video of a tested class \(split 50_50, number 9\)"):
        sports(root_of_ten, TEN)


@pytest.mark.parametrize("kind", ["symlink_to", "hardlink_to"])
def test_two_videos_that_are_one_file_are_refused(root: Path, kind: str) -> None:
    (root / "videos/both.mkv").unlink()
    getattr(root / "videos/both.mkv", kind)(root / "videos/a/late.mp4")
    with pytest.raises(
        ValueError, match=r"'both' \(.*both\.mkv\) and 'late' \(.*late\.mp4\) are one file, which would"
    ):
        sports(root)
