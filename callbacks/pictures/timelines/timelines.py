"""Timelines: what a localizer finds when in some videos, beside what is annotated, as pictures and numbers.

The picture is that of `zsar localize` (`callbacks.pictures.localization`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.chosen_videos import file_stem
from zsar.callbacks.pictures.drawn_models import localizer_of
from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, PicturedSegment, ScoreCurve
from zsar.callbacks.pictures.localization.thumbnails import thumbnails
from zsar.callbacks.pictures.timelines.timeline_numbers import timeline_numbers
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import Localization, Truth
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.untrimmed_source import UntrimmedSource, untrimmed_source
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.number_limits import check_least
from zsar.runtime.terminal import say

_KIND = "timelines"
_SIDE_PX = 160  # of a frame in the picture
_SHOWN = 5
_Found = tuple[Localization, Tensor, float]  # what was found, the frames' times, the video's duration


class Timelines(Callback):
    """Writes `pictures/timelines/SET/ROW_VIDEO.png` and `.json` in `zsar test` and `zsar predict` with a localizer.

    ROW is the video's row in the data, counted from 0. The JSON file is described in `timeline_numbers`; it has also
    the "video", its "duration_seconds" and the "set". Annotated instances are shown where the data has any.
    """

    def __init__(self, *, n_videos: int = 8, videos: list[str] | None = None, sets: list[str] | None = None) -> None:
        """Stores the settings.

        Args:
            n_videos: Number of videos of each set of classes, evenly spread over it; all if it has fewer.
            videos: These videos instead, by the names in detections.json.
            sets: Only these sets, such as split_0 of ten draws of classes; null for all.

        Raises:
            ValueError: n_videos is below 1, or a list is empty.
        """
        check_least(1, n_videos=n_videos)
        for name, given in (("videos", videos), ("sets", sets)):
            if given is not None and not given:
                raise ValueError(f"{name} is an empty list; name some, or leave it null")
        self.n_videos = n_videos
        self.videos = videos
        self.sets = sets
        self._chosen: dict[int, frozenset[int]] = {}
        self._found: dict[tuple[int, int], _Found] = {}
        self._failed: set[int] = set()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Chooses the videos.

        Raises:
            ValueError: The model is not an `ActionLocalizer`, there is no such set, or no such video in the sets.
        """
        pl_module = localizer_of(pl_module, type(self).__name__)
        names = [text.set_name for text in _texts(trainer, pl_module)]
        if unknown := sorted(set(self.sets or ()) - set(names)):
            raise ValueError(f"there is no set {', '.join(map(repr, unknown))}; there are {', '.join(names)}")
        source = untrimmed_source(pl_module)
        self._chosen = {
            index: self._chosen_rows(source, sorted(tested.rows))
            for index, (name, tested) in enumerate(zip(names, source.tested_sets, strict=True))
            if self.sets is None or name in self.sets
        }
        called = {source.videos[row].id for rows in self._chosen.values() for row in rows}
        if missing := sorted(set(self.videos or ()) - called):
            raise ValueError(
                f"no video of the sets is called {', '.join(map(repr, missing[:_SHOWN]))}; give names as in "
                f"detections.json, such as {source.videos[0].id!r}"
            )
        self._found, self._failed = {}, set()

    on_predict_start = on_test_start

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Tensor,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Notes what was found in the chosen videos of a batch."""
        self._failed.update(outputs["failed"])
        times, durations = outputs["times_seconds"], outputs["durations_seconds"]
        videos = zip(outputs["rows"].tolist(), outputs["localizations"], times, durations, strict=True)
        for row, of_video, times_seconds, duration_seconds in videos:
            for index, localization in of_video.items():
                if row in self._chosen.get(index, ()):
                    self._found[index, row] = (localization, times_seconds, duration_seconds)

    on_predict_batch_end = on_test_batch_end

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the pictures; each process those of its videos."""
        assert isinstance(pl_module, ActionLocalizer)
        source, texts = untrimmed_source(pl_module), _texts(trainer, pl_module)
        written = WrittenPictures(_KIND, trainer)
        for (index, row), found in sorted(self._found.items(), key=lambda item: item[0]):
            self._write(written, source, row, found, (index, texts[index]))
        everyone = set().union(*gather_from_all(self._failed, trainer))
        chosen = [row for rows in self._chosen.values() for row in rows]
        failed = [source.videos[row].id for row in sorted(set(chosen) & everyone)]
        n_written = len(written.finish(of=len(chosen), undecodable=failed))
        n_missing = len(chosen) - n_written - sum(row in everyone for row in chosen)
        if trainer.is_global_zero and n_missing:
            say(f"{n_missing} of the chosen videos were not looked at, as the batches are limited")

    on_predict_end = on_test_end

    def _chosen_rows(self, source: UntrimmedSource, rows: Sequence[int]) -> frozenset[int]:
        if self.videos is not None:
            return frozenset(row for row in rows if source.videos[row].id in self.videos)
        return frozenset(rows[place] for place in linspace_indices(self.n_videos, len(rows)))

    def _write(
        self,
        written: WrittenPictures,
        source: UntrimmedSource,
        row: int,
        found: _Found,
        tested: tuple[int, ClassText],
    ) -> None:
        (localization, times_seconds, duration_seconds), (index, text) = found, tested
        video = source.videos[row].id
        annotated = _annotated(source, row, index)
        numbers = {
            "video": video,
            "set": text.set_name,
            "duration_seconds": round(duration_seconds, 4),
            **timeline_numbers(localization, text.names, times_seconds=times_seconds, annotated=annotated),
        }
        picture = _picture(source, row, numbers, (localization, times_seconds), text)
        written.add(
            text.set_name,
            file_stem(row, video),
            title=picture.title,
            alt=described(numbers),
            numbers=numbers,
            figure=localization_figure(picture),
        )


def described(numbers: Mapping[str, Any]) -> str:
    """What a time line shows, in words.

    Args:
        numbers: The content of its JSON file.
    """
    kept = [segment for segment in numbers["segments"] if not segment["suppressed"]]
    said = f"{numbers['video']}, {numbers['duration_seconds']:.1f} s. Found: {_in_words(kept)}."
    if n_suppressed := len(numbers["segments"]) - len(kept):
        said += f" Suppressed: {n_suppressed}."
    return said if numbers["annotated"] is None else f"{said} Annotated: {_in_words(numbers['annotated'])}."


def _in_words(segments: Sequence[Mapping[str, Any]]) -> str:
    said = [f"{s['class']} from {s['start_seconds']:.1f} to {s['end_seconds']:.1f} s" for s in segments[:_SHOWN]]
    more = [f"{len(segments) - _SHOWN} more"] if len(segments) > _SHOWN else []
    return "; ".join([*said, *more]) or "nothing"


def _texts(trainer: Trainer, model: ActionLocalizer) -> Sequence[ClassText]:
    return model.class_texts["predict" if trainer.predicting else "test"]


def _annotated(source: UntrimmedSource, row: int, index: int) -> Truth | None:
    """The instances of a video, or None where the set has no annotations."""
    if not source.tested_sets[index].instances:
        return None
    truth = source.ground_truth([row], index)
    return Truth(truth.labels, truth.seconds)


def _picture(
    source: UntrimmedSource,
    row: int,
    numbers: Mapping[str, Any],
    found: tuple[Localization, Tensor],
    text: ClassText,
) -> LocalizationPicture:
    localization, times_seconds = found
    frames, frame_times = _thumbnails(source, row, float(times_seconds[0]), numbers["duration_seconds"])
    labels = numbers["pseudo_labels"]
    of_labels = "" if labels is None else f": scores of {', '.join(labels)} (most similar to the whole video)"
    of_set = f" in {numbers['set']}" if len(source.tested_sets) > 1 else ""
    segments = [
        PicturedSegment(s["start_seconds"], s["end_seconds"], s["class"], s["score"], s["suppressed"])
        for s in numbers["segments"]
    ]
    truth = [PicturedSegment(i["start_seconds"], i["end_seconds"], i["class"]) for i in numbers["annotated"] or ()]
    return LocalizationPicture(
        title=f"{numbers['video']}{of_set}{of_labels}",
        duration_seconds=numbers["duration_seconds"],
        times_seconds=times_seconds,
        curves=tuple(ScoreCurve(text.names[c.label], c.scores, c.threshold) for c in localization.curves),
        segments=tuple(segments),
        truth=tuple(truth),
        thumbnails=frames,
        thumbnail_times_seconds=frame_times,
    )


def _thumbnails(source: UntrimmedSource, row: int, start_seconds: float, end_seconds: float) -> tuple[Any, Any]:
    """Frames and their times; none, with a line that says why, if the video cannot be read."""
    video, none = source.videos[row], (np.zeros((0, 1, 1, 3), dtype=np.uint8), np.zeros(0))
    if video.path is None:
        say(f"no frames in the picture of {video.id}: its file is not there, only its features")
        return none
    try:
        frames_at = partial(source.frames_at, row, image_size=_SIDE_PX)
        return thumbnails(frames_at, start_seconds=start_seconds, end_seconds=end_seconds)
    except VideoDecodeError as error:
        say(f"no frames in the picture of {video.id}: {error}")
        return none
