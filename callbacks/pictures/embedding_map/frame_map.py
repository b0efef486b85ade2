"""FrameMap: the frames of some test videos as paths in time, and how much they differ (T2L, Figure 3a).

The figure compares t-SNE plots of frame embeddings of two models, trained with and without temporal feature diversity,
in which each small cluster of eight frames is a video. `compare` adds other checkpoints on the same frames. The numbers
are those of `frame_spread.py`: for all models on the chosen videos, and for the tested model on all decoded videos;
the latter are in results.json, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from numpy.typing import NDArray

from zsar.callbacks.pictures.chosen_videos import VideoChoice, check_chosen, read_clips
from zsar.callbacks.pictures.compared_models import compared_models
from zsar.callbacks.pictures.embedding_map.frame_content import ShownFrames, frame_content
from zsar.callbacks.pictures.embedding_map.frame_figure import draw_frames
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import FrameSpread, frame_spread, mean_spread
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.callbacks.pictures.embedding_map.observed_batches import ObservedBatches, ObservingCallback
from zsar.callbacks.pictures.tested_videos import TestedSet, TestedVideos
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.accuracy import metric_prefix
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.run_seed import run_seed
from zsar.runtime.terminal import say

TESTED = "tested model"


class FrameMap(ObservingCallback):
    """Writes `pictures/embedding_map/SET/frames_METHOD.png` and `.json`: a map of each test set, of chosen videos.

    The clips of the chosen videos are read again at the end of the test, when it is known which are mistakes; stored
    embeddings suffice, except for `compare`. In results.json each set gets `frame_spread`, and `frame_diversity`, the
    V + C of T2L's loss.
    """

    def __init__(
        self,
        *,
        videos: VideoChoice = VideoChoice(),
        projection: Projection = Projection(),
        compare: dict[str, str] | None = None,
    ) -> None:
        """Stores the settings.

        Args:
            videos: Which videos of each set.
            projection: How the map is made. Frames about the mean of their video are always shown by PCA.
            compare: Other models, shown on the same frames: for each name a checkpoint, or "frozen" for the CLIP model
                that the tested one is made of.
        """
        self.videos = videos
        self.projection = projection
        self.compare = dict(compare or {})
        self._tested = TestedVideos()
        self._spreads: dict[str, list[FrameSpread]] = {}
        self._others: dict[str, VideoTextModel] = {}
        self._are_tried = False

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the settings, and loads the other models.

        Raises:
            ValueError: The model is not an `ActionRecognizer`; a video or class is in no set; t-SNE without
                scikit-learn; other models with stored embeddings, or two of one name; there is no frozen CLIP.
            CheckpointError: A checkpoint cannot be read.
        """
        super().on_test_start(trainer, pl_module)
        assert isinstance(pl_module, ActionRecognizer)
        self.projection.check_installed()
        self._tested.start(pl_module, needed_by="FrameMap")
        check_chosen(self.videos, trainer, pl_module)
        self._spreads = {text.set_name: [] for text in pl_module.class_texts["test"]}
        if self.compare and not trainer.datamodule.reads_files:  # type: ignore[attr-defined]
            raise ValueError(
                "FrameMap.compare embeds frames by other checkpoints, but the test reads stored embeddings; leave out "
                "--data.embeddings, or set compare to null"
            )
        self._others = compared_models(pl_module, self.compare, tested=TESTED)
        self._are_tried = False

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        """Measures the videos of a batch."""
        frames = observed.embedded.frames[~batch.failed].float().cpu().numpy()
        self._spreads[text.set_name] += [frame_spread(video) for video in frames]

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collects the predictions, by which videos are chosen, and tries the other models on the first batch.

        Raises:
            ValueError: One of them takes other frames: a long test must not fail at its end.
        """
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        self._tested.add(batch, outputs, dataloader_idx)
        if not self._are_tried:
            self._try(trainer, batch)
            self._are_tried = True

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs `test/SET/frame_spread` and `frame_diversity`, means over all videos of a set."""
        assert isinstance(pl_module, ActionRecognizer)
        every_spread = gather_from_all(self._spreads, trainer)
        self._spreads = {name: [s for of_process in every_spread for s in of_process[name]] for name in self._spreads}
        for text in pl_module.class_texts["test"]:
            if spreads := self._spreads[text.set_name]:
                mean, prefix = mean_spread(spreads), metric_prefix("test", text)
                figures = {f"{prefix}/frame_spread": mean.spread, f"{prefix}/frame_diversity": mean.diversity}
                pl_module.log_dict(figures, sync_dist=True)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Embeds the chosen videos, each process its part, and writes the maps."""
        assert isinstance(pl_module, ActionRecognizer)
        pictures = WrittenPictures("embedding_map", trainer, first_word=self._stem)
        undecodable: list[str] = []
        models = {TESTED: pl_module, **self._others}
        for name, tested in self._tested.gathered(trainer).items():
            table = trainer.datamodule.sets[name]  # type: ignore[attr-defined]
            positions = self.videos.positions(tested, table)
            embedded = _embed(trainer, models, tested, [i for i in positions if not tested.failed[i]])
            gone = [i for i in positions if i not in embedded[TESTED]]
            undecodable += [f"{name}: {table.key(int(tested.rows[i]))}" for i in gone]
            positions = [i for i in positions if i in embedded[TESTED]]
            if trainer.is_global_zero:
                shown = _shown(tested, positions, [table.key(int(tested.rows[i])) for i in positions], embedded)
                self._write(pictures, shown, self._spreads[name])
        self._others, self._spreads = {}, {}
        pictures.finish(undecodable=undecodable)

    def _try(self, trainer: Trainer, batch: VideoBatch) -> None:
        for name, other in self._others.items():
            try:
                with trainer.precision_plugin.test_step_context():
                    other.embed_views(batch.frames[:1, :1])
            except ValueError as error:
                raise ValueError(f"FrameMap: compare, {name}: {error}") from error

    @property
    def _stem(self) -> str:
        return f"frames_{self.projection.method}"

    def _write(self, pictures: WrittenPictures, shown: ShownFrames, spreads: list[FrameSpread]) -> None:
        n_frames = sum(len(views[0]) for views in shown.frames[TESTED])
        if n_frames < (least := self.projection.fewest_points):
            few = f"{self.projection.name} needs {least} frames of chosen videos, not {n_frames}"
            say(f"no map of frames of {shown.set_name}: {few if n_frames else 'there is no video to show'}")
            return
        content = frame_content(shown, self.projection, seed=run_seed(), all_videos=spreads)
        figure = draw_frames(content.shown)
        title = content.shown.title
        pictures.add(shown.set_name, self._stem, title=title, alt=content.alt, numbers=content.numbers, figure=figure)


def _embed(
    trainer: Trainer, models: Mapping[str, VideoTextModel], tested: TestedSet, positions: list[int]
) -> dict[str, dict[int, NDArray[np.float32]]]:
    """Frame embeddings [V, T, D] by model and position, of those that can be decoded (again); all processes get all."""
    mine: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in models}
    for position in positions[trainer.global_rank :: trainer.world_size]:
        row = int(tested.rows[position])
        batch = read_clips(trainer, tested.dataloader_idx, [row], may_be_stored=True)
        if batch.failed[0]:
            continue
        for name, model in models.items():
            with trainer.precision_plugin.test_step_context():
                frames = model.frame_embeddings(batch.to(model.device))[0]
            mine[name][position] = frames.float().cpu().numpy()
    everyone = gather_from_all(mine, trainer)
    return {name: {p: f for of_process in everyone for p, f in of_process[name].items()} for name in models}


def _shown(
    tested: TestedSet, positions: list[int], keys: list[str], embedded: dict[str, dict[int, NDArray[np.float32]]]
) -> ShownFrames:
    predictions = tested.predictions
    return ShownFrames(
        set_name=tested.set_name,
        videos=keys,
        classes=[tested.text.names[int(tested.labels[i])] for i in positions],
        predicted=[tested.text.names[int(predictions[i])] for i in positions],
        frames={name: [of_model[i] for i in positions] for name, of_model in embedded.items()},
    )
