from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.testing import assert_close

from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError, FeatureSource, write_features
from zsar.lightning_modules.localization.stored.frame_record import FrameRecord, frames_for
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t3al.localization_oracles import Oracles
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression
from zsar.runtime.files.file_identity import quick_hash

THRESHOLDS = (0.1, 0.3, 0.5)
ALL_DRAWS = ClassSplit(number="all")


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    UntrimmedShapes(data_root=root, n_videos=1).prepare_data()
    return root


@pytest.fixture
def model(tiny_weights: Path) -> T3AL:
    tuning = ProjectionTuning(n_steps=2, n_selected=2, window_frames=5, learning_rate=1e-3)
    return T3AL(
        backbone=ClipSettings("tiny-clip", str(tiny_weights)),
        tuning=tuning,
        suppression=None,
        iou_thresholds=THRESHOLDS,
    )


LOADING = UntrimmedLoading(stride=FrameStride(frames=8), batch_size=4)


def shapes(root: Path, *, loading: UntrimmedLoading = LOADING, **settings: Any) -> UntrimmedShapes:
    return UntrimmedShapes(data_root=root, n_videos=1, loading=loading, **settings)


def trainer() -> Trainer:
    return Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )


def figures_of(model: ActionLocalizer, data: LightningDataModule) -> dict[str, float]:
    return dict(trainer().test(model, data, verbose=False)[0])


def predicted(model: ActionLocalizer, data: LightningDataModule) -> list[dict[str, Any]]:
    batches: Any = trainer().predict(model, data)
    return list(batches)


def test_a_test_run_logs_map_of_a_draw_and_leaves_every_weight_as_it_was(model: T3AL, data_root: Path) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    logged = figures_of(model, shapes(data_root))
    assert set(logged) == {"test/map_0.1", "test/map_0.3", "test/map_0.5", "test/map"}
    assert logged["test/map"] == pytest.approx(sum(logged[f"test/map_{t}"] for t in THRESHOLDS) / 3)
    assert model.n_adaptations == 8  # half of 16 classes, a video each, one pseudo-label each
    after = {name: tensor for name, tensor in model.state_dict().items() if name in before}
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_ten_draws_are_the_mean_of_ten_runs_and_share_their_work(model: T3AL, data_root: Path) -> None:
    together = figures_of(model, shapes(data_root, split=ALL_DRAWS))
    n_together = model.n_adaptations
    alone, n_alone = [], 0
    for number in range(10):
        alone.append(figures_of(model, shapes(data_root, split=ClassSplit(number=number)))["test/map"])
        n_alone += model.n_adaptations
    assert [together[f"test/split_{number}/map"] for number in range(10)] == pytest.approx(alone)
    assert together["test/map"] == pytest.approx(sum(alone) / 10)
    assert n_alone == 80
    assert n_together < 60


def test_one_adaptation_is_run_for_each_video_and_pseudo_label(model: T3AL, data_root: Path) -> None:
    data = shapes(data_root, split=ALL_DRAWS)
    batches = predicted(model, data)
    texts = model.class_texts["predict"]
    distinct = {
        (row, texts[index].names[curve.label])
        for batch in batches
        for row, of_video in zip(batch["rows"].tolist(), batch["localizations"], strict=True)
        for index, localization in of_video.items()
        for curve in localization.curves
    }
    assert model.n_adaptations == len(distinct)
    assert {row for row, _ in distinct} == set(range(16))


def test_the_metric_is_that_of_the_predictions(model: T3AL, data_root: Path) -> None:
    logged = figures_of(model, shapes(data_root))
    data = shapes(data_root)
    metric = TemporalMeanAveragePrecision(8, THRESHOLDS)
    for batch in predicted(model, data):
        for row, of_video in zip(batch["rows"].tolist(), batch["localizations"], strict=True):
            found, truth = of_video[0].detections, data.ground_truth([row])
            metric.update(
                videos=torch.tensor([row]),
                predicted_videos=torch.tensor([row] * len(found), dtype=torch.int64),
                predicted_classes=torch.tensor([d.label for d in found], dtype=torch.int64),
                predicted_seconds=torch.tensor(
                    [[d.segment.start_seconds, d.segment.end_seconds] for d in found], dtype=torch.float64
                ).reshape(-1, 2),
                scores=torch.tensor([d.segment.score for d in found], dtype=torch.float64),
                true_videos=truth.videos,
                true_classes=truth.labels,
                true_seconds=truth.seconds,
            )
    results = metric.compute()
    assert results["n_videos"] == 8
    assert {f"test/{name}": results[name] for name in results if name.startswith("map")} == pytest.approx(logged)


def test_a_perfect_localizer_has_100_percent(tiny_weights: Path, data_root: Path) -> None:
    """What is annotated, put into the place of what is found, so that rows, classes and seconds must all be right."""

    class Annotated(FrameWiseCLIP):
        def localize(self, videos: Any, texts: Any, *, seed: int = 0) -> Any:
            from zsar.lightning_modules.localization.contract import Detection, Localization
            from zsar.lightning_modules.localization.segments import Segment

            return [
                {
                    index: Localization(
                        tuple(
                            Detection(Segment(start, end, 0, 0, 1.0), label)
                            for label, (start, end) in zip(truth.labels.tolist(), truth.seconds.tolist(), strict=True)
                        )
                    )
                    for index, truth in video.truths.items()
                }
                for video in videos
            ]

    made = Annotated(backbone=ClipSettings("tiny-clip", str(tiny_weights)), iou_thresholds=(0.5, 0.95))
    logged = figures_of(made, shapes(data_root, split=ALL_DRAWS))
    assert len(logged) == 2 + 1 + 10 * 5
    assert {logged[name] for name in logged if "/map" in name} == {100.0}


# --- features ---------------------------------------------------------------------------------------------------------


def extracted(model: ActionLocalizer, root: Path, folder: Path, stride: FrameStride, **changed: Any) -> None:
    """Features of all videos, as `zsar extract` writes them."""
    data = shapes(root, loading=replace(LOADING, stride=stride), split=ClassSplit(name="all_classes"))
    data.setup("test")
    for row, video in enumerate(data.videos):
        with data.open_frames(row, image_size=32, chunk_size=8) as stream:
            features = torch.cat([features_of_uint8(model.backbone, frames) for frames, _ in stream.chunks()])
            source = FeatureSource(
                source_name=f"{video.id}.mp4",
                source_bytes=video.path.stat().st_size,
                n_frames=stream.n_video_frames,
                duration_seconds=stream.duration_seconds,
                fps=8.0,
                stride=str(stride),
                architecture="tiny-clip",
                weights="",
                backbone_hash=model.backbone.weights_hash,
                **asdict(frames_for(model.backbone, data.geometry)),
                dtype="fp32",
                source_hash=quick_hash(video.path),
                start_seconds=stream.start_seconds,
            )
            path = folder / f"{video.id}.safetensors"
            write_features(path, features, np.asarray(stream.times_seconds), replace(source, **changed))


def test_extracted_features_give_what_the_videos_give(model: T3AL, data_root: Path, tmp_path: Path) -> None:
    extracted(model, data_root, tmp_path, FrameStride(frames=8))
    from_videos = figures_of(model, shapes(data_root))
    from_files = figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path)))
    assert from_files == pytest.approx(from_videos)


def test_features_of_another_model_or_stride_are_an_error(model: T3AL, data_root: Path, tmp_path: Path) -> None:
    extracted(model, data_root, tmp_path / "strange", FrameStride(frames=8), backbone_hash="0" * 16)
    with pytest.raises(FeatureFileError, match="backbone_hash is 0000000000000000 in the file"):
        figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path / "strange")))
    extracted(model, data_root, tmp_path / "sparse", FrameStride(frames=16))
    with pytest.raises(FeatureFileError, match="stride is 16 frames in the file, but 8 frames is asked for"):
        figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path / "sparse")))


@pytest.mark.parametrize("field", [field.name for field in fields(FrameRecord)])
def test_features_of_frames_that_were_made_otherwise_are_an_error(
    model: T3AL, data_root: Path, tmp_path: Path, field: str
) -> None:
    extracted(model, data_root, tmp_path, FrameStride(frames=8), **{field: 48 if field == "image_size" else "other"})
    with pytest.raises(
        FeatureFileError, match=rf"{field} is (48|other) in the file, but .* is asked for; use the sett"
    ):
        figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path)))


def test_squashed_and_cropped_features_are_not_mistaken_for_each_other(
    model: T3AL, data_root: Path, tmp_path: Path
) -> None:
    extracted(model, data_root, tmp_path, FrameStride(frames=8))
    cropped = replace(LOADING, features=tmp_path, geometry="crop")
    with pytest.raises(FeatureFileError, match="geometry is squash in the file, but crop is asked for"):
        figures_of(model, shapes(data_root, loading=cropped))


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_features_of_a_video_that_was_replaced_are_refused_before_the_work(
    model: T3AL, data_root: Path, tmp_path: Path, stage: str
) -> None:
    extracted(model, data_root, tmp_path, FrameStride(frames=8), source_hash="0" * 16)
    with pytest.raises(FeatureFileError, match="is not the video that it was made from .*extract it again"):
        getattr(trainer(), stage)(model, shapes(data_root, loading=replace(LOADING, features=tmp_path)))
    assert model.n_adaptations == 0


def test_features_that_are_not_finite_are_refused(model: T3AL, data_root: Path, tmp_path: Path) -> None:
    extracted(model, data_root, tmp_path, FrameStride(frames=8))
    path = sorted(tmp_path.glob("*.safetensors"))[-1]
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - no mapping
        header = file.metadata()
    tensors["features"][0, 0] = torch.nan
    save_file(tensors, path, metadata=header)
    with pytest.raises(FeatureFileError, match=rf"{path.name}: features in it are infinite or not numbers"):
        figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path)))


def test_a_video_without_a_file_of_features_is_an_error(model: T3AL, data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no feature file .*\.safetensors; make it with `zsar ex"):
        figures_of(model, shapes(data_root, loading=replace(LOADING, features=tmp_path)))


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_trimmed_data_are_refused(model: T3AL, video_tree: Path) -> None:
    with pytest.raises(TypeError, match="T3AL needs a data module of untrimmed videos .* the trainer has VideoFolder"):
        figures_of(model, VideoFolder(train=str(video_tree)))


def test_training_is_refused(model: T3AL, data_root: Path) -> None:
    class Trained(UntrimmedShapes):
        def setup(self, stage: str) -> None:
            super().setup("test")

        def train_dataloader(self) -> Any:
            return self.test_dataloader()

    model.training_step = lambda *_: None  # type: ignore[method-assign]
    model.configure_optimizers = lambda: None  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="T3AL is not trained or validated; use `zsar test`"):
        trainer().fit(model, Trained(data_root=data_root, n_videos=1))


def test_captions_that_nobody_can_write_are_refused_before_any_work(model: T3AL, data_root: Path) -> None:
    model.suppression = TextGuidedSuppression()
    with pytest.raises(BackboneError, match="tiny-clip writes no captions"):
        figures_of(model, shapes(data_root))
    assert model.n_adaptations == 0
    model.oracles = Oracles(region_count=True)  # takes the place of suppression
    figures_of(model, shapes(data_root))


def test_a_model_without_projections_is_refused() -> None:
    with pytest.raises(BackboneError, match="ModifiedResNet, not a ViT; T2L, T3AL, Open-VCLIP, frame features"):
        T3AL(backbone=ClipSettings("RN50-quickgelu", "random"))


def test_text_features_do_not_depend_on_how_many_are_asked_for(model: T3AL) -> None:
    texts = [f"text number {i}" for i in range(70)]
    whole = model.text_features(texts)
    assert whole.shape == (70, 64)
    parts: list[Tensor] = [model.text_features([text]) for text in texts[::23]]
    assert_close(whole[::23], torch.cat(parts), atol=1e-5, rtol=1e-4)
    assert not whole.requires_grad


def test_it_stays_in_evaluation_mode(model: T3AL) -> None:
    assert not model.train().training
    assert not any(module.training for module in model.modules())


def test_a_step_returns_when_the_frames_are_shown_and_how_long_the_videos_are(model: T3AL, data_root: Path) -> None:
    batch = predicted(model, data := shapes(data_root))[0]
    assert len(batch["rows"]) == len(batch["localizations"]) == len(batch["durations_seconds"]) == LOADING.batch_size
    for row, times, duration in zip(
        batch["rows"].tolist(), batch["times_seconds"], batch["durations_seconds"], strict=True
    ):
        with data.open_frames(row, image_size=32, chunk_size=64) as stream:
            assert sum(len(frames) for frames, _ in stream.chunks()) == len(times)
            assert_close(times, torch.from_numpy(stream.times_seconds))
            assert duration == stream.duration_seconds > times[-1]
