from collections.abc import Sequence
from pathlib import Path

import jsonargparse
import pytest
import torch
import yaml
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from tests.makers.miniatures.localization_files import write_class_list
from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules import untrimmed_frames
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, Instance
from zsar.datamodules.lists.tested_sets import ActionInstance
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_frames import UntrimmedVideo
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video

VIDEOS = (
    AnnotatedVideo("late", 30.0, (Instance("HighJump", 20.0, 25.0), Instance("HighJump", 2.0, 4.5))),
    AnnotatedVideo("both", None, (Instance("Diving", 1.0, 3.0), Instance("CliffDiving", 1.0, 3.0))),
    AnnotatedVideo("other", 9.0, (Instance("Billiards", 1.0, 2.0),)),
    AnnotatedVideo("nothing", 8.0, ()),
)
TESTED = ("HighJump", "CliffDiving")
LISTED = ClassSplit(lists="lists")
CONFIGS = Path(__file__).parents[2] / "configs" / "data"


class Sports(UntrimmedVideoDataModule):
    lists_name = "Sports"

    def all_exact_names(self) -> tuple[str, ...]:
        return ("Billiards", "CliffDiving", "Diving", "HighJump")

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        return VIDEOS

    @property
    def videos_folder(self) -> Path:
        return self.data_root / "videos"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The four videos, in folders and containers of their own, and a list of two classes."""
    write_class_list(tmp_path / "lists", "50_50", "Sports", 0, TESTED)
    for name in ("a/late.mp4", "both.mkv", "other.mp4", "nothing.mp4"):
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def sports(root: Path, split: ClassSplit = LISTED) -> Sports:
    module = Sports(data_root=root, split=split)
    module.setup("test")
    return module


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


def test_a_result_says_which_split_it_is_and_what_it_counts(root: Path) -> None:
    described = sports(root).describe()
    assert (described["split"], described["split_number"], described["split_lists"]) == ("50_50", 0, "lists")
    assert described["tested_sets"] == {
        "test": {
            "number": 0,
            "class_names": ["high jump", "cliff diving"],
            "n_instances": 3,
            "n_dropped_instances": 1,
        }
    }
    assert (described["n_listed"], described["n_videos"], described["stride"]) == ({"test": 2}, 2, "1 frame")
    other = sports(root, ClassSplit(name="all_classes")).describe()
    assert described["split_hash"] != other["split_hash"]


# --- ten draws at once ------------------------------------------------------------------------------------------------

TEN = ClassSplit(number="all", lists="lists")


@pytest.fixture
def root_of_ten(root: Path) -> Path:
    """A list of two classes for the even draws, of another for the odd ones, and of nothing but dives for the last."""
    for number in range(10):
        names = ("Diving",) if number == 9 else TESTED if number % 2 == 0 else ("Billiards", "HighJump")
        write_class_list(root / "lists", "50_50", "Sports", number, names)
    return root


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


def test_a_result_of_ten_draws_says_what_each_of_them_is(root_of_ten: Path) -> None:
    described = sports(root_of_ten, TEN).describe()
    names = [f"split_{number}" for number in range(10)]
    assert (described["split_number"], described["n_videos"]) == ("all", 3)
    assert list(described["n_listed"].items()) == list(zip(names, [2] * 9 + [1], strict=True))
    assert list(described["tested_sets"]) == list(described["roots"]) == names
    assert described["tested_sets"]["split_9"] == {
        "number": 9,
        "class_names": ["diving"],
        "n_instances": 1,
        "n_dropped_instances": 1,
    }
    write_class_list(root_of_ten / "lists", "50_50", "Sports", 9, ["CliffDiving"])
    assert described["split_hash"] != sports(root_of_ten, TEN).describe()["split_hash"]


def test_a_draw_without_videos_is_named(root_of_ten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sports, "read_videos", lambda self: (VIDEOS[0], VIDEOS[2]))
    with pytest.raises(ValueError, match=r"has no video of a tested class \(split 50_50, number 9\)"):
        sports(root_of_ten, TEN)


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def filmed(root: Path) -> Sports:
    """The two tested videos, of which "late" is a real one: 11 frames, 10 a second."""
    path = root / "videos/a/late.mp4"
    write_video(path, moving_picture(11), frames_per_second=10)
    module = Sports(data_root=root, split=LISTED, loading=UntrimmedLoading(FrameStride(frames=None, seconds=0.5)))
    module.setup("test")
    return module


def test_frames_are_those_that_the_stride_chooses(filmed: Sports) -> None:
    with filmed.open_frames(1, image_size=32, chunk_size=2) as stream:
        chunks = [(list(frames.shape), times.tolist()) for frames, times in stream.chunks()]
    assert chunks == [([2, 3, 32, 32], [0.0, 0.5]), ([1, 3, 32, 32], [1.0])]
    assert filmed.describe()["stride"] == "0.5 seconds"


def test_frames_at_times_are_those_of_the_row(filmed: Sports) -> None:
    frames = filmed.frames_at(1, [0.31, 0.0], image_size=32)
    assert filmed.videos[1].path == filmed.data_root / "videos/a/late.mp4"
    assert torch.equal(frames, untrimmed_frames.frames_at(filmed.videos[1], [0.3, 0.0], image_size=32))


class Rows(LightningModule):
    """Notes the rows that it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[int]] = []

    def test_step(self, batch: Tensor) -> None:
        assert batch.dtype == torch.int64
        self.seen.append(batch.tolist())


def test_a_model_is_handed_each_row_once(root: Path) -> None:
    module = Sports(data_root=root, split=ClassSplit(name="all_classes"), loading=UntrimmedLoading(batch_size=3))
    model = Rows()
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,
        enable_model_summary=False,
    )
    trainer.test(model, datamodule=module, verbose=False)
    assert model.seen == [[0, 1, 2], [3]]


def test_a_batch_has_at_least_one_video() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        UntrimmedLoading(batch_size=0)


def configured(name: str, *arguments: str) -> UntrimmedVideoDataModule:
    """The data module of a shipped config, as a command line changes it."""
    parser = jsonargparse.ArgumentParser()
    parser.add_subclass_arguments(UntrimmedVideoDataModule, "data")
    module = parser.instantiate(parser.parse_args([f"--data={CONFIGS / name}.yaml", *arguments])).data
    assert isinstance(module, UntrimmedVideoDataModule)
    return module


@pytest.mark.parametrize("name", ["thumos14_untrimmed", "activitynet_untrimmed", "untrimmed_shapes"])
def test_the_shipped_configs_describe_their_data_sets(name: str, tmp_path: Path) -> None:
    module = configured(name, "--data.split.number=3", f"--data.data_root={tmp_path}")
    assert (module.data_set, module.split.name, module.split.number) == (name, "50_50", 3)
    stated = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["init_args"]
    assert str(module.split.lists) == str(stated["split"].get("lists"))
    assert module.text.templates == stated["text"]["templates"]
    assert module.batch_size == stated["loading"]["batch_size"]
    assert (module.stride, stated["loading"]["stride"]) == (FrameStride(), {"frames": 1, "seconds": None})


def test_draws_and_stride_can_be_chosen_on_the_command_line() -> None:
    assert configured("thumos14_untrimmed", "--data.split.number=all").split.number == "all"
    assert configured("thumos14_untrimmed", "--data.loading.stride.frames=4").stride == FrameStride(frames=4)
    seconds = configured("thumos14_untrimmed", "--data.loading={stride: {frames: null, seconds: 0.5}}").stride
    assert seconds == FrameStride(frames=None, seconds=0.5)


def test_folders_of_features_and_captions_are_below_the_data_root(root: Path, tmp_path: Path) -> None:
    module = Sports(
        data_root=root,
        split=LISTED,
        loading=UntrimmedLoading(features="features/clip", captions=tmp_path / "elsewhere"),
    )
    assert module.features_folder == root / "features/clip"
    assert module.captions_folder == tmp_path / "elsewhere"
    module.setup("test")
    described = module.describe()
    assert described["features"] == "features/clip"
    assert (root / described["captions"]).resolve() == (tmp_path / "elsewhere").resolve()
    assert sports(root).features_folder is None
    assert sports(root).describe()["captions"] is None


@pytest.mark.parametrize("kind", ["symlink_to", "hardlink_to"])
def test_two_videos_that_are_one_file_are_refused(root: Path, kind: str) -> None:
    (root / "videos/both.mkv").unlink()
    getattr(root / "videos/both.mkv", kind)(root / "videos/a/late.mp4")
    with pytest.raises(
        ValueError, match=r"'both' \(.*both\.mkv\) and 'late' \(.*late\.mp4\) are one file, which would"
    ):
        sports(root)
