"""AttentionMaps: what of each frame a model looks at (T2L, Figures 3b, 4 and 6; ZAR, Figure 2; AP-CLIP, Figure 5).

Three maps: the attention of the pooled token in the last block, as in the papers' figures; rolled out over all blocks;
and weighted by the gradient of a class's score, which alone is of a class. Other models, such as frozen CLIP, can be
shown beside the tested one on the same frames. Where frames see each other in the tower (T2L's temporal tokens,
Open-VCLIP's neighbours), a second picture shows which attend to which, in each layer; the papers have no such figure.
Of Open-VCLIP, the map of a frame shows what the embeddings of all frames take from its patches (`attention_rollout`).

With prompt tuning, the visual tower is that of the untuned model, so that the first two maps are the same; gradient
maps are of the class text as it is before tuning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.attention.attention_between_frames import AS_NEIGHBOURS, BY_TEMPORAL_TOKENS
from zsar.callbacks.pictures.attention.attention_figure import MapRow, draw_attention, map_rows
from zsar.callbacks.pictures.attention.attention_words import attention_in_words, frames_in_words, spotted_in_words
from zsar.callbacks.pictures.attention.frame_attention_figure import draw_frame_attention
from zsar.callbacks.pictures.attention.observed_video import MapName, ObservedVideo, observe_video
from zsar.callbacks.pictures.attention.overlay_video import write_overlay_video
from zsar.callbacks.pictures.attention.video_heading import VideoHeading
from zsar.callbacks.pictures.chosen_pictures import ChosenPictures, ChosenVideo
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.compared_models import compared_models
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.runtime.choices import check_choice

_ALL: tuple[MapName, ...] = ("last", "rollout", "gradient")
_OF_NEIGHBOURS = "{}: frames see their neighbours; a frame's map is what all frames of the clip take from its patches"
_UNTUNED = "above: the prediction with its adaptation; the rows below are of the class text as it is before tuning"


class AttentionMaps(ChosenPictures):
    """Writes `attention/SET/ROW_KEY.png`, `.json` and `.mp4` into the pictures of a run, for some videos of each set.

    The JSON file has the maps of all frames of all views; the picture has at most eight frames of the first view, the
    MP4 all of them. Models whose frames see each other have `ROW_KEY_frames_MODEL.png` and `.json` besides. The videos
    are chosen and read again at the end of the test.
    """

    kind = "attention"
    is_one_each = False  # the attention between frames has pictures of its own

    def __init__(
        self,
        *,
        videos: VideoChoice = VideoChoice(),
        maps: list[MapName] | None = None,
        class_name: str | None = None,
        compare: dict[str, str] | None = None,
        video: bool = True,
    ) -> None:
        """Stores the settings.

        Args:
            videos: Which videos of each set.
            maps: The attention of the pooled token in the "last" block, its "rollout" over all blocks, and "gradient",
                attention weighted by the gradient of a class; null for all three.
            class_name: The class of gradient-weighted maps, in sets that have it; null, and in other sets, for the
                predicted class and, if that is wrong, the true one.
            compare: Other models, shown on the same frames: for each name a checkpoint, or "frozen" for the CLIP model
                that the tested one is made of.
            video: Whether to write an MP4 file for each video.

        Raises:
            ValueError: There are no maps, or an unknown one.
        """
        super().__init__(videos)
        self.maps: tuple[MapName, ...] = _ALL if maps is None else tuple(dict.fromkeys(maps))
        if not self.maps:
            raise ValueError(f"maps is an empty list; name some of {', '.join(_ALL)}, or leave it null for all")
        for name in self.maps:
            check_choice(MapName, maps=name)
        self.class_name = class_name
        self.compare = dict(compare or {})
        self.video = video
        self._compared: dict[str, VideoTextModel] = {}
        self._is_tried = False
        self._is_adapted = False

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the choice of videos and loads the models to compare with.

        Raises:
            ValueError: The model is not an `ActionRecognizer`, a chosen video or class is not in any of the sets, there
                is no frozen CLIP, or two models have one name.
            CheckpointError: A checkpoint cannot be loaded.
        """
        super().on_test_start(trainer, pl_module)
        assert isinstance(pl_module, ActionRecognizer)
        names = [name for text in pl_module.class_texts["test"] for name in text.names]
        if self.class_name is not None and self.class_name not in names:
            raise ValueError(
                f"class_name is {self.class_name!r}, but no test set has this class; there are {len(names)}, such as "
                f"{names[0]!r}"
            )
        self._compared = compared_models(pl_module, self.compare, tested=_tested_name(pl_module))
        self._is_tried = False

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes whether prompts are tuned, when all callbacks have started."""
        assert isinstance(pl_module, ActionRecognizer)
        self._is_adapted = pl_module.adaptation is not None

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Notes the predictions of a batch, and tries the models on the first: a long test must not fail at its end.

        Raises:
            ValueError: The test reads stored embeddings, or a model takes other frames or has no attention to show.
        """
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        if not self._is_tried:
            assert isinstance(pl_module, ActionRecognizer)
            self._try(pl_module, batch, pl_module.class_texts["test"][dataloader_idx])
            self._is_tried = True

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the chosen videos, and forgets the other models."""
        super().on_test_end(trainer, pl_module)
        self._compared = {}

    def _models(self, model: ActionRecognizer) -> dict[str, VideoTextModel]:
        """The models by their names in pictures, the tested one last, as in the papers' figures."""
        return {**self._compared, _tested_name(model): model}

    def _try(self, model: ActionRecognizer, batch: VideoBatch, text: ClassText) -> None:
        if batch.embeddings is not None:
            raise ValueError(
                "attention maps need frames, but the test reads stored embeddings; leave out --data.embeddings to "
                "decode the videos"
            )
        for name, other in self._models(model).items():
            try:
                self._observe(other, batch.frames[0, :1], text, [0])
            except (ValueError, BackboneError) as error:
                place = "" if other is model else f"compare, {name}: "
                raise ValueError(f"no attention maps: {place}{error}") from error

    def _observe(self, model: VideoTextModel, frames: Tensor, text: ClassText, labels: Sequence[int]) -> ObservedVideo:
        """Observes a model on the frames uint8 [V, T, 3, H, W] of a video."""
        classes = model.class_embeddings.cached(text.prompts, model.device)
        return observe_video(model, frames.to(model.device), classes, maps=self.maps, labels=labels)

    def _labels(self, tested: TestedSet, position: int) -> list[int]:
        """The classes of gradient-weighted maps."""
        if self.class_name in tested.text.names:
            return [tested.text.names.index(self.class_name)]
        both = int(tested.predictions[position]), int(tested.labels[position])
        return [label for label in dict.fromkeys(both) if label >= 0]

    def draw(self, trainer: Trainer, model: ActionRecognizer, video: ChosenVideo, written: WrittenPictures) -> None:
        """Writes the files of a video."""
        tested, text, frames, stem = video.tested, video.tested.text, video.frames, video.stem
        labels = self._labels(tested, video.position)
        videos = {name: self._observe(one, frames, text, labels) for name, one in self._models(model).items()}
        rows = map_rows(videos, text.names)
        heading = VideoHeading(tested, video.position, video.key, n_views=len(frames), n_frames=len(frames[0]))
        models = [{"name": name, **one.to_dict(text.names)} for name, one in videos.items()]
        lines = [heading.line, *([_UNTUNED] if self._is_adapted else [])]
        lines += [_OF_NEIGHBOURS.format(name) for name, one in videos.items() if one.has_neighbours]
        spotted = [line for name, one in videos.items() for line in spotted_in_words(one.spotted, text.names, name)]
        written.add(
            text.set_name,
            stem,
            title=heading.title,
            alt=" ".join([attention_in_words(rows, video.key), *(f"{line}." for line in spotted)]),
            numbers={**video.names, **heading.numbers, "models": models},
            figure=draw_attention(rows, frames[0], title=heading.marked, lines=[*lines, *spotted]),
            further=self._overlay(written, text.set_name, stem, rows, frames[0]),
            dots_per_inch=110,
        )
        self._write_between_frames(written, heading, videos, stem)

    def _overlay(
        self, written: WrittenPictures, set_name: str, stem: str, rows: Sequence[MapRow], frames: Tensor
    ) -> dict[str, Any]:
        if not self.video:
            return {}
        path = written.path(set_name, stem, ".mp4")
        write_overlay_video(path, rows, frames)
        return {"video": path}

    def _write_between_frames(
        self, written: WrittenPictures, heading: VideoHeading, videos: Mapping[str, ObservedVideo], stem: str
    ) -> None:
        """Writes which frames attend to which, of the models whose frames see each other."""
        for number, (name, video) in enumerate(videos.items()):
            if not video.frames:
                continue
            layers = {layer: weights[0] for layer, weights in video.frames.items()}
            explained = AS_NEIGHBOURS if video.has_neighbours else BY_TEMPORAL_TOKENS
            title = f"{name}: which frames attend to which"
            written.add(
                heading.set_name,
                f"{stem}_frames_{number}",
                title=f"{heading.key}: which frames attend to which, {name}",
                alt=frames_in_words(layers, name, heading.key),
                numbers={
                    "video": heading.key,
                    "set": heading.set_name,
                    "model": name,
                    "layers": video.between_frames(),
                },
                figure=draw_frame_attention(
                    layers, title=title, lines=[heading.line, *explained], n_seen=3 if video.has_neighbours else None
                ),
            )


def _tested_name(model: ActionRecognizer) -> str:
    return f"{type(model).__name__} (tested)"
