"""EmbeddedSets: the sets of a run whose videos may be tested by stored embeddings, without decoding them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.datamodules.stored_embeddings.embedding_files import ClipRecord
from zsar.datamodules.stored_embeddings.stored_clips import EmbeddingFolder, StoredClips
from zsar.datamodules.trimmed_sets import TrimmedSets
from zsar.datamodules.views.clip_pixels import frame_pixels_of, transform_of
from zsar.datamodules.views.transforms import TestTransform


class EmbeddedSets(TrimmedSets):
    """The sets of videos, and the folder of their embeddings if there is one.

    Attributes:
        clips: How frames are taken from a video.
        embeddings: The folder of stored embeddings; None if videos are decoded.
        stored: The stored embeddings of each set that is evaluated.
    """

    def __init__(
        self,
        *,
        data_root: Path | str | None,
        clips: Clips,
        split: Split,
        text: Text,
        loading: Loading,
        embeddings: Path | str | None,
    ) -> None:
        """Touches no file yet; the arguments are those of `TrimmedVideoDataModule`.

        Raises:
            ValueError: Stored embeddings and further views, which they lack; or `clips` contradicts itself.
        """
        super().__init__(data_root=data_root, split=split, text=text, loading=loading)
        self.clips = clips
        self.embeddings = None if embeddings is None else Path(embeddings).expanduser()
        if self.embeddings is not None and clips.views is not None:
            raise ValueError(
                f"clips.views makes further views of decoded frames, but --data.embeddings {embeddings} has none of "
                "them; leave out data.embeddings, or set clips.views to null"
            )
        self.stored: dict[str, StoredClips] = {}
        self._pixels_of_model: FramePixels | None = None
        if clips.image_size is not None:
            frame_pixels_of(clips)

    @property
    def reads_files(self) -> bool:
        """Whether videos are decoded; otherwise stored embeddings take their place, and no video needs to be there."""
        return self.embeddings is None

    def setup(self, stage: str) -> None:
        """Lists the videos of a stage; see `TrimmedSets.setup`.

        Raises:
            ValueError: Training from stored embeddings, or `clips` contradicts the model of the trainer.
        """
        if stage == "fit" and self.embeddings is not None:
            raise ValueError(
                f"--data.embeddings {self.embeddings} is for test, validate and predict: training decodes and augments "
                "its clips; leave it out"
            )
        self._ask_model()
        super().setup(stage)

    def _ask_model(self) -> None:
        """Takes the pixels of the trainer's model; what is stated is checked without a model, too."""
        model = None if self.trainer is None else self.trainer.lightning_module
        if isinstance(pixels := getattr(model, "frame_pixels", None), FramePixels):
            self.take_pixels(pixels)
        elif self.knows_pixels:
            frame_pixels_of(self.clips, self._pixels_of_model)

    def take_pixels(self, pixels: FramePixels) -> None:
        """Takes how a model wants its frames, for what `clips` leaves open; `setup` asks the model of a trainer.

        Args:
            pixels: `frame_pixels` of the model.

        Raises:
            ValueError: `clips` contradicts it; see `frame_pixels_of`.
        """
        frame_pixels_of(self.clips, pixels)
        self._pixels_of_model = pixels

    @property
    def knows_pixels(self) -> bool:
        """Whether a model or `clips` says how large frames are."""
        return self._pixels_of_model is not None or self.clips.image_size is not None

    @property
    def frame_pixels(self) -> FramePixels:
        """How test frames are made.

        Raises:
            ValueError: Neither a model nor `clips` says how large they are.
        """
        return frame_pixels_of(self.clips, self._pixels_of_model)

    @property
    def test_transform(self) -> TestTransform:
        """How the frames of a test clip are made square."""
        return transform_of(self.clips, self._pixels_of_model)

    def described_pixels(self) -> dict[str, int | str | None]:
        """How frames are made, as results report it; null for all of it while no model has said how large they are."""
        if not self.knows_pixels:
            return dict.fromkeys(("image_size", "geometry", "resize_filter", "test_short_side_px"))
        return {**asdict(self.frame_pixels), "test_short_side_px": self.test_transform.short_side}

    @property
    def clip_record(self) -> ClipRecord:
        """The frames of a test clip, as stored embeddings state them."""
        return clip_record(self.clips, self._pixels_of_model)

    def stored_clips(self, set_name: str) -> StoredClips:
        """The stored embeddings of a set, after all of its files are checked.

        Args:
            set_name: A set of `sets`.

        Raises:
            EmbeddingFileError: A file is missing, damaged, or of other frames or another video.
        """
        assert self.embeddings is not None
        folder = EmbeddingFolder(
            self.embeddings,
            self.clip_record,
            accepts_damage=self.loading.on_damage == "accept",
            may_miss=set_name == "predict" or self.loading.on_decode_error == "count_as_wrong",
        )
        self.stored[set_name] = StoredClips(self.sets[set_name], folder)
        return self.stored[set_name]

    def described_embeddings(self) -> dict[str, Any] | None:
        """The folder of stored embeddings and the visual tower that made them; None if videos are decoded."""
        if self.embeddings is None:
            return None
        towers = [asdict(clips.tower) for clips in self.stored.values()]
        return {"folder": str(self.embeddings.resolve()), "tower": towers[0] if towers else None}


def clip_record(clips: Clips, of_model: FramePixels | None = None) -> ClipRecord:
    """The frames of a test clip, as stored embeddings state them; for the arguments see `frame_pixels_of`."""
    transform = transform_of(clips, of_model)
    return ClipRecord(
        geometry="views" if transform.geometry == "crop" else "squash",
        resize_filter=transform.interpolation.value,
        image_size=transform.image_size,
        short_side_px=transform.short_side or 0,
        n_crops=clips.n_test_crops,
        n_clips=clips.n_test_clips,
        n_frames=clips.n_frames,
        sampling=clips.sampling,
        stride="",
    )
