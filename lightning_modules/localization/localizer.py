"""ActionLocalizer: the base of models that find actions in time: features -> segments with classes -> temporal mAP.

A method is a subclass that says what is found in a video (`localize`). All else is here, once: the sets of classes (ten
draws of them are tested in one pass, so that they share the work on a video), features from files or from the video
itself, metrics and their mean over draws. Nothing is trained, and no weight of the model is ever changed.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from zsar.datamodules.batch import ClassText, VideoDecodeError
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import Localization, Predictions, Truth, UntrimmedFeatures
from zsar.lightning_modules.localization.finite_scores import check_localizations
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX, finite_features, read_features
from zsar.lightning_modules.localization.stored.stored_files import file_of_video
from zsar.lightning_modules.localization.stored.stored_sources import check_stored_captions, check_stored_features
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, visual_projection
from zsar.runtime.run_seed import run_seed

THUMOS14_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)

_FRAMES_AT_ONCE = 64
_TEXTS_AT_ONCE = 64
_COUNTS = ("n_classes", "n_videos")


class UntrimmedSource(Protocol):
    """What a localizer asks of a data module; `UntrimmedVideoDataModule` is one."""

    videos: Sequence[Any]  # each with `id`
    tested_sets: Sequence[Any]  # each with `rows`
    stride: object
    features_folder: Path | None  # files that `zsar extract` made; None to decode and embed the videos in each run
    captions_folder: Path | None  # files of captions; None for none
    on_damage: str  # "accept" where damaged frames may be used, else "raise"

    def class_text(self, stage: str) -> Sequence[ClassText]:
        """The classes of each set."""
        ...

    def ground_truth(self, rows: Sequence[int], tested_set: int = 0) -> Any:  # noqa: ANN401 - a NamedTuple of tensors
        """Rows of videos, labels and seconds of the instances of a set."""
        ...

    def open_frames(self, row: int, *, image_size: int, chunk_size: int) -> Any:  # noqa: ANN401 - a context manager
        """The frames of a video as a stream."""
        ...

    def frames_at(self, row: int, times_seconds: Sequence[float], *, image_size: int) -> Tensor:
        """Frames of a video at some times."""
        ...


class ActionLocalizer(LightningModule):
    """Finds actions in untrimmed videos by the embeddings of their frames and of class text.

    Attributes:
        backbone: The CLIP model, frozen.
        n_adaptations: How often something was adapted in this stage, in this process.
        class_texts: After `setup`, the class texts of each set, by stage.
        is_trained: Whether it is tested with a checkpoint.
    """

    is_trained: ClassVar[bool] = False

    def __init__(self, *, backbone: ClipSettings, iou_thresholds: Sequence[float]) -> None:
        """Builds the model, frozen.

        Args:
            backbone: The CLIP model, a ViT or CoCa.
            iou_thresholds: Temporal IoU from which on an action counts as found, each its own figure.

        Raises:
            BackboneError: The model cannot be built, or has no features before a projection.
        """
        super().__init__()
        self.backbone = backbone.build()
        self.backbone.requires_grad_(False).eval()
        _ = self.projections  # refuses a model that has none
        self.iou_thresholds = tuple(iou_thresholds)
        TemporalMeanAveragePrecision(1, self.iou_thresholds)  # refuses wrong thresholds before any work is done
        self.n_adaptations = 0
        self.class_texts: dict[str, Sequence[ClassText]] = {}
        self._metrics = nn.ModuleList()
        self._unions: dict[tuple[str, ...], ClassUnion] = {}

    # --- what a method defines ------------------------------------------------------------------------------------

    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions.

        Args:
            videos: Several videos, on the model's device.
            texts: The sets of classes.
            seed: The run's, from which the method draws, if it draws.

        Returns:
            For each video what was found of each set that is looked for in it.
        """
        raise NotImplementedError

    # --- the model ------------------------------------------------------------------------------------------------

    @property
    def projections(self) -> Projections:
        """The model's own projections and temperature, not copied."""
        text, bias = self.backbone.text.projection
        return Projections(
            visual=visual_projection(self.backbone),
            text=text,
            text_bias=bias,
            log_scale=self.backbone.clip.logit_scale,
        )

    def text_features(self, texts: Sequence[str], *, cut_anywhere: bool = False) -> Tensor:
        """Features of texts before the text projection, without gradient.

        Args:
            texts: N texts.
            cut_anywhere: What to do with texts that are too long; see `OpenClipText.tokenize`.

        Returns:
            float32 [N, V].
        """
        with torch.no_grad():
            tokens = self.backbone.text.tokenize(texts, cut_anywhere=cut_anywhere).split(_TEXTS_AT_ONCE)
            return torch.cat([self.backbone.text.features(chunk.to(self.device)).float() for chunk in tokens])

    def class_union(self, texts: Sequence[ClassText]) -> ClassUnion:
        """The different classes of several sets, their text features computed once."""
        key = (*(text.content_hash for text in texts), str(self.device))
        if key not in self._unions:
            self._unions[key] = ClassUnion(texts, self.text_features)
        return self._unions[key]

    def train(self, mode: bool = True) -> ActionLocalizer:
        """Stays in evaluation mode: nothing is trained."""
        super().train(False)
        return self

    # --- stages ---------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Fetches the class text of each set from the data module.

        Raises:
            TypeError: The data module is not one of untrimmed videos.
            ValueError: A stage that trains; or a prompt has more tokens than the text tower reads.
        """
        source = self._source
        if not all(hasattr(source, name) for name in ("tested_sets", "open_frames", "class_text")):
            raise TypeError(
                f"{type(self).__name__} needs a data module of untrimmed videos (UntrimmedVideoDataModule), such as "
                f"UntrimmedFiles; the trainer has {type(source).__name__}"
            )
        if stage not in ("test", "predict"):
            raise ValueError(f"{type(self).__name__} is not trained or validated; use `zsar test` or `zsar predict`")
        texts = source.class_text(stage)
        with warnings.catch_warnings():  # of cut texts, which is said when they are embedded
            warnings.simplefilter("ignore")
            self.backbone.text.tokenize([prompt for text in texts for row in text.prompts for prompt in row])
        self.class_texts[stage] = texts
        self.n_adaptations = 0
        if stage == "test":
            self._metrics = nn.ModuleList(
                TemporalMeanAveragePrecision(len(text.names), self.iou_thresholds) for text in texts
            )

    @property
    def _source(self) -> UntrimmedSource:
        return cast(UntrimmedSource, getattr(self.trainer, "datamodule", None))

    def on_test_start(self) -> None:
        """Looks at the stored files of all videos, before the work.

        Raises:
            FileNotFoundError: Features of a video are not there.
            FeatureFileError, CaptionFileError: A file is damaged, or not of this model, these settings or this video.
        """
        source = self._source
        if source.features_folder is not None:
            asked = {"backbone_hash": self.backbone.weights_hash, "stride": str(source.stride)}
            check_stored_features(source.features_folder, source.videos, **asked, on_damage=source.on_damage)
        if source.captions_folder is not None:
            check_stored_captions(source.captions_folder, source.videos, on_damage=source.on_damage)

    on_predict_start = on_test_start

    def test_step(self, rows: Tensor, batch_idx: int) -> dict[str, Any]:
        """Finds actions in some videos and enters them into the metrics of each set that tests on them.

        Args:
            rows: Rows of the data module's `videos`, int64 [B].
            batch_idx: Number of the batch.

        Returns:
            {"rows": those that could be decoded, "localizations": what was found in each, `Predictions`, "failed":
            {row: why} of the others, "undecodable": the reasons,
            "n_damaged": damaged frames that were accepted}.
        """
        outputs = self._found("test", rows)
        for row, of_video in zip(outputs["rows"].tolist(), outputs["localizations"], strict=True):
            for index, localization in of_video.items():
                self._enter(row, index, localization)
        return outputs

    def predict_step(self, rows: Tensor, batch_idx: int) -> dict[str, Any]:
        """Finds actions in some videos; as `test_step` returns them."""
        return self._found("predict", rows)

    def _found(self, stage: str, rows: Tensor) -> dict[str, Any]:
        texts, failed = self.class_texts[stage], dict[int, str]()
        # fp32 whatever the trainer's precision, as in the paper: scores of neighbouring frames differ by little.
        with torch.autocast(self.device.type, enabled=False):
            videos = {row: video for row in rows.tolist() if (video := self._readable(row, failed)) is not None}
            n_before = self.n_adaptations
            try:
                answers = self.localize(list(videos.values()), texts, seed=run_seed()) if videos else ()
                found = dict(zip(videos, answers, strict=True))
            except VideoDecodeError:  # of the frames that are looked at later, for captions: which video's?
                self.n_adaptations = n_before
                alone = {row: self._alone(video, texts, row, failed) for row, video in videos.items()}
                found = {row: of_one for row, of_one in alone.items() if of_one is not None}
        for row, of_video in found.items():
            check_localizations(videos[row].id, of_video)
        kept = Predictions(list(found.values()))
        undecodable = tuple(failed.values())
        return {
            "rows": rows.new_tensor(list(found)),
            "localizations": kept,
            "failed": failed,
            "undecodable": undecodable,
            "n_damaged": sum(video.n_damaged for video in videos.values()),
        }

    def _readable(self, row: int, failed: dict[int, str]) -> UntrimmedFeatures | None:
        try:
            return self._read(row)
        except VideoDecodeError as error:
            failed[row] = str(error)
            return None

    def _alone(
        self, video: UntrimmedFeatures, texts: Sequence[ClassText], row: int, failed: dict[int, str]
    ) -> dict[int, Localization] | None:
        try:
            return self.localize([video], texts, seed=run_seed())[0]
        except VideoDecodeError as error:
            failed[row] = str(error)
            return None

    def _enter(self, row: int, index: int, localization: Localization) -> None:
        found = localization.detections
        truth = self._source.ground_truth([row], index)
        metric = cast(TemporalMeanAveragePrecision, self._metrics[index])
        metric.update(
            videos=torch.tensor([row]),
            predicted_videos=torch.full((len(found),), row),
            predicted_classes=torch.tensor([d.label for d in found], dtype=torch.int64),
            predicted_seconds=torch.tensor(
                [(d.segment.start_seconds, d.segment.end_seconds) for d in found], dtype=torch.float64
            ).reshape(-1, 2),
            scores=torch.tensor([d.segment.score for d in found], dtype=torch.float64),
            true_videos=truth.videos,
            true_classes=truth.labels,
            true_seconds=truth.seconds,
        )

    def set_results(self) -> list[dict[str, float]]:
        """The figures of each set: mAP in percent by threshold ("map_0.3", ...), their mean "map", and counts.

        Counts alone for a set of whose actions none is annotated in the videos seen, as when batches are limited. All
        processes must call this.
        """
        metrics = [cast(TemporalMeanAveragePrecision, metric) for metric in self._metrics]
        own = [[sum(map(len, metric.videos)), sum(map(len, metric.truth))] for metric in metrics]
        seen = cast(Tensor, self.all_gather(torch.tensor(own, device=self.device))).reshape(-1, len(own), 2).sum(dim=0)
        return [
            metric.compute() if n_truth else {"n_classes": 0.0, "n_videos": float(n_videos)}
            for metric, (n_videos, n_truth) in zip(metrics, seen.tolist(), strict=True)
        ]

    def on_test_epoch_end(self) -> None:
        """Logs `test/map_0.3`, ..., `test/map` as means over the sets, and `test/SET/map`, ... of each of several.

        Raises:
            ValueError: There is nothing to measure in the videos seen.
        """
        results = self.set_results()
        texts = self.class_texts["test"]
        measured = [of_set for of_set in results if of_set["n_classes"]]
        if not measured:
            raise ValueError(
                f"no action of a tested class is annotated in the {max(of_set['n_videos'] for of_set in results):.0f} "
                "videos seen, so that there is nothing to measure; raise --trainer.limit_test_batches if it is set, "
                "or use `zsar predict`"
            )
        for text, of_set in zip(texts, results, strict=True):
            if len(texts) > 1:
                self._log({f"test/{text.set_name}/{name}": value for name, value in of_set.items()})
        names = [name for name in measured[0] if name not in _COUNTS]
        self._log({f"test/{name}": statistics.mean(of_set[name] for of_set in measured) for name in names})

    def _log(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            # Every process has the same, as metrics are synchronized; a float32 mean of them would round.
            self.log(name, torch.tensor(value, dtype=torch.float64), rank_zero_only=False, sync_dist=False)

    # --- videos ---------------------------------------------------------------------------------------------------

    def _read(self, row: int) -> UntrimmedFeatures:
        """A video's features, from its file of them or from its frames."""
        source = self._source
        sets = tuple(index for index, tested in enumerate(source.tested_sets) if row in tested.rows)
        truths = {index: source.ground_truth([row], index) for index in sets}
        size = self.backbone.image_size[0]
        name = str(source.videos[row].id)
        stored = source.features_folder
        read = self._features(row) if stored is None else self._stored_features(stored, name)
        features, times, duration, n_damaged = read
        return UntrimmedFeatures(
            id=name,
            features=features.to(self.device, torch.float32),
            times_seconds=times,
            duration_seconds=duration,
            sets=sets,
            truths={index: Truth(truth.labels, truth.seconds) for index, truth in truths.items()},
            frames_at=lambda times_seconds: source.frames_at(row, times_seconds, image_size=size),
            captions_folder=source.captions_folder,
            n_damaged=n_damaged,
        )

    def _stored_features(self, folder: Path, video: str) -> tuple[Tensor, Tensor, float, int]:
        path = file_of_video(folder, video, SUFFIX)
        asked = {"backbone_hash": self.backbone.weights_hash, "stride": str(self._source.stride)}
        stored = read_features(path, **asked, width=self.projections.visual.shape[0])
        made_of = stored.source
        times = torch.from_numpy(stored.times_seconds)
        return finite_features(path, stored), times, made_of.duration_seconds, made_of.n_damaged

    def _features(self, row: int) -> tuple[Tensor, Tensor, float, int]:
        size = self.backbone.image_size[0]
        with self._source.open_frames(row, image_size=size, chunk_size=_FRAMES_AT_ONCE) as stream:
            features = torch.cat([features_of_uint8(self.backbone, frames) for frames, _ in stream.chunks()])
            return features, torch.from_numpy(stream.times_seconds), float(stream.duration_seconds), stream.n_damaged
