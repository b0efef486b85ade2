from pathlib import Path

import jsonargparse
import pytest
import torch
import yaml
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from tests.makers.miniatures.localization_files import write_class_list
from tests.makers.miniatures.sports import LISTED, TEN, Sports, make_sports, make_ten_draws, sports
from tests.makers.videos.encoded_videos import moving_picture
from tests.reference.full_decoding import decode_everything
from zsar.datamodules import untrimmed_frames
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.frame_geometry import square_frames

CONFIGS = Path(__file__).parents[2] / "configs" / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_sports(tmp_path)


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


@pytest.fixture
def root_of_ten(root: Path) -> Path:
    return make_ten_draws(root)


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
    assert torch.equal(
        frames, untrimmed_frames.frames_at(filmed.videos[1], [0.3, 0.0], image_size=32, geometry="squash")
    )


def test_the_geometry_is_that_of_all_frames_and_is_told(filmed: Sports) -> None:
    """The video is 64 x 48; by default it is squashed, as in T3AL's paper."""
    loading = UntrimmedLoading(FrameStride(frames=None, seconds=0.5), geometry="crop")
    cropping = Sports(data_root=filmed.data_root, split=LISTED, loading=loading)
    cropping.setup("test")
    path = filmed.videos[1].path
    assert path is not None
    for module, geometry in ((filmed, "squash"), (cropping, "crop")):
        expected = square_frames(geometry, 32)(decode_everything(path)[[0, 5]])  # type: ignore[arg-type]
        with module.open_frames(1, image_size=32, chunk_size=2) as stream:
            assert torch.equal(next(stream.chunks())[0], expected)
        assert torch.equal(module.frames_at(1, [0.0, 0.5], image_size=32), expected)
        assert module.describe()["geometry"] == geometry


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
