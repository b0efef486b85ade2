"""ActionLocalizer: base class of models that find actions in time: features -> segments with classes -> temporal mAP.

A method is a subclass with `localize` and `described_settings`. All else is here: sets of classes (ten draws are tested
in one pass and share the work on each video), features from files or from videos, metrics. Nothing is trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import Localization, Predictions, UntrimmedFeatures
from zsar.lightning_modules.localization.described_method import DescribedMethod
from zsar.lightning_modules.localization.finite_scores import check_localizations
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.localization.localization_metrics import LocalizationMetrics, logged_figures
from zsar.lightning_modules.localization.no_checkpoints import NoCheckpoints
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision
from zsar.lightning_modules.localization.untrimmed_reader import UntrimmedReader
from zsar.lightning_modules.localization.untrimmed_source import untrimmed_source
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.frame_features import visual_projection
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.run_seed import run_seed

THUMOS14_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
_TEXTS_AT_ONCE = 64


class ActionLocalizer(DescribedMethod, NoCheckpoints, LightningModule):
    """Finds actions in untrimmed videos by the embeddings of their frames and of class text.

    Attributes:
        backbone: The CLIP model, frozen.
        n_adaptations: Number of adaptations in this stage, in this process.
        class_texts: The class texts of each set, by stage; filled by `setup`.
        is_trained: Whether it is tested with a checkpoint.
    """

    is_trained: ClassVar[bool] = False

    def __init__(self, *, backbone: ClipSettings, iou_thresholds: Sequence[float]) -> None:
        """Builds the model, frozen.

        Args:
            backbone: The CLIP model or CoCa, whose visual tower is a ViT of open_clip's or timm's.
            iou_thresholds: Minimum temporal IoU of a match; one metric for each.

        Raises:
            BackboneError: The model cannot be built, or its visual tower is no ViT.
        """
        super().__init__()
        self.backbone = backbone.build()
        self.backbone.requires_grad_(False).eval()
        _ = self.projections  # raises for a model without projections
        self.iou_thresholds = tuple(iou_thresholds)
        TemporalMeanAveragePrecision(1, self.iou_thresholds)  # rejects invalid thresholds before any work is done
        self.n_adaptations = 0
        self.class_texts: dict[str, Sequence[ClassText]] = {}
        self._metrics: LocalizationMetrics | None = None
        self._unions: dict[tuple[str, ...], ClassUnion] = {}

    # --- what a method defines ------------------------------------------------------------------------------------

    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions.

        Args:
            videos: Videos, on the model's device.
            texts: The sets of classes.
            seed: The run's seed, for methods that draw random numbers.

        Returns:
            The localizations of each video, for each of its sets.
        """
        raise NotImplementedError

    # --- the model ------------------------------------------------------------------------------------------------

    @property
    def projections(self) -> Projections:
        """The model's projections and temperature; its parameters where `visual_projection` makes nothing anew."""
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
            cut_anywhere: How to truncate long texts; see `OpenClipText.tokenize`.

        Returns:
            float32 [N, V].
        """
        with torch.no_grad():
            tokens = self.backbone.text.tokenize(texts, cut_anywhere=cut_anywhere).split(_TEXTS_AT_ONCE)
            return torch.cat([self.backbone.text.features(chunk.to(self.device)).float() for chunk in tokens])

    def class_union(self, texts: Sequence[ClassText]) -> ClassUnion:
        """The distinct classes of several sets, with text features computed once."""
        key = (*(text.content_hash for text in texts), str(self.device))
        if key not in self._unions:
            self._unions[key] = ClassUnion(texts, self.text_features)
        return self._unions[key]

    def train(self, mode: bool = True) -> ActionLocalizer:
        """Keeps evaluation mode: nothing is trained."""
        super().train(False)
        return self

    # --- stages ---------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Fetches the class text of each set from the data module.

        Raises:
            TypeError: The data module is not one of untrimmed videos.
            ValueError: The stage trains or validates, or a prompt has more tokens than the text tower reads.
        """
        source = untrimmed_source(self)
        if stage not in ("test", "predict"):
            raise ValueError(f"{type(self).__name__} is not trained or validated; use `zsar test` or `zsar predict`")
        texts = source.class_text(stage)
        with warnings.catch_warnings():  # on truncated texts; these are reported when they are embedded
            warnings.simplefilter("ignore")
            self.backbone.text.tokenize([prompt for text in texts for row in text.prompts for prompt in row])
        self.class_texts[stage] = texts
        self.n_adaptations = 0
        if stage == "test":
            self._metrics = LocalizationMetrics(texts, self.iou_thresholds)

    @property
    def _reader(self) -> UntrimmedReader:
        return UntrimmedReader(untrimmed_source(self), self.backbone, device=self.device)

    def on_test_start(self) -> None:
        """Checks the stored files of all videos, before the work.

        Raises:
            FileNotFoundError: Features of a video are missing.
            FeatureFileError, CaptionFileError: A file is damaged, or does not match model, settings or video.
        """
        self._reader.check_stored()

    on_predict_start = on_test_start

    def test_step(self, rows: Tensor, batch_idx: int) -> dict[str, Any]:
        """Finds actions in videos and updates the metrics of the sets tested on them.

        Args:
            rows: Rows of the data module's `videos`, int64 [B].
            batch_idx: Index of the batch.

        Returns:
            {"rows": decodable rows, "localizations": their `Predictions`, "times_seconds": of their frames, float64 [N]
            each, "durations_seconds", "failed": {row: reason}, "undecodable": the reasons, "n_damaged": frames}.
        """
        outputs, source, metrics = self._found("test", rows), untrimmed_source(self), self._started_metrics
        for row, of_video in zip(outputs["rows"].tolist(), outputs["localizations"], strict=True):
            for index, localization in of_video.items():
                metrics.enter(row, index, localization, source.ground_truth([row], index))
        return outputs

    def predict_step(self, rows: Tensor, batch_idx: int) -> dict[str, Any]:
        """Finds actions in videos; returns the same as `test_step`."""
        return self._found("predict", rows)

    def _found(self, stage: str, rows: Tensor) -> dict[str, Any]:
        texts, failed = self.class_texts[stage], dict[int, str]()
        # Always fp32, as in the paper: scores of neighbouring frames differ little.
        with torch.autocast(self.device.type, enabled=False):
            videos = {row: video for row in rows.tolist() if (video := self._readable(row, failed)) is not None}
            n_before = self.n_adaptations
            try:
                answers = self.localize(list(videos.values()), texts, seed=run_seed()) if videos else ()
                localizations = dict(zip(videos, answers, strict=True))
            except VideoDecodeError:  # in frames decoded later, for captions: find out which video fails
                self.n_adaptations = n_before
                alone = {row: self._alone(video, texts, row, failed) for row, video in videos.items()}
                localizations = {row: of_one for row, of_one in alone.items() if of_one is not None}
        for row, of_video in localizations.items():
            check_localizations(videos[row].id, of_video)
        return {
            "rows": rows.new_tensor(list(localizations)),
            "localizations": Predictions(list(localizations.values())),
            "times_seconds": [videos[row].times_seconds for row in localizations],
            "durations_seconds": [videos[row].duration_seconds for row in localizations],
            "failed": failed,
            "undecodable": tuple(failed.values()),
            "n_damaged": sum(video.n_damaged for video in videos.values()),
        }

    def _readable(self, row: int, failed: dict[int, str]) -> UntrimmedFeatures | None:
        try:
            return self._reader.read(row)
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

    @property
    def _started_metrics(self) -> LocalizationMetrics:
        assert self._metrics is not None, "setup makes them"
        return self._metrics

    def set_results(self) -> list[dict[str, float]]:
        """`LocalizationMetrics.results` of a test; all processes must call this."""
        return self._started_metrics.results(self._n_seen_by_all())

    def compared_scores(self) -> dict[str, dict[str, float]]:
        """`LocalizationMetrics.compared` of a test; all processes must call this."""
        return self._started_metrics.compared(self._n_seen_by_all())

    def _n_seen_by_all(self) -> list[list[int]]:
        counts = torch.tensor(self._started_metrics.n_seen(), device=self.device)
        seen = cast(Tensor, self.all_gather(counts)).reshape(-1, *counts.shape).sum(dim=0)
        return cast(list[list[int]], seen.tolist())

    def on_test_epoch_end(self) -> None:
        """Logs `test/map_0.3`, ..., `test/map` as means over the sets, and `test/SET/map`, ... of each of several.

        Raises:
            ValueError: There is nothing to measure in the videos seen.
        """
        for name, value in logged_figures(self.class_texts["test"], self.set_results()).items():
            # Metrics are synchronized, so every process has the same values; their float32 mean would round.
            self.log(name, torch.tensor(value, dtype=torch.float64), rank_zero_only=False, sync_dist=False)
