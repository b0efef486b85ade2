"""UntrimmedSets: the untrimmed videos that are tested on, their instances and the class text.

All ten draws of classes can be tested in one run (`split.number: all`), in which each video occurs once. A data set
defines its classes and reads its files (`all_exact_names`, `read_videos`, `videos_folder`). Nothing is trained, so
there are no training videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from lightning.pytorch import LightningDataModule

from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.action_template import ACTION_TEMPLATE
from zsar.datamodules.choices.data_root import default_data_root
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.described_names import fill_with_descriptions
from zsar.datamodules.class_text.templates import fill_templates, spoken_names
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.lists.checked_lists import read_excluded
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, ClassSplit, classes_of_split
from zsar.datamodules.lists.tested_sets import GroundTruth, TestedSet, check_annotations, list_tested_set
from zsar.datamodules.settings import Text, UntrimmedLoading
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, find_video_files
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.runtime.files.same_files import refuse_one_file_twice


class UntrimmedSets(LightningDataModule):
    """The videos of a split, their instances and their classes.

    Attributes:
        lists_name: The data set's folder among published class lists.
        split: The settings of the split, including `split.name` and `split.number`.
        text: How classes are described to models.
        stride: Which frames of a video are used.
        geometry: How frames become square.
        features_folder: Folder of extracted features; None to decode and embed videos in each run.
        captions_folder: Folder of caption files; None for none.
        videos: After `setup`, the test videos, each once, sorted by id: those with an instance of a tested class, or
            all if `split.name` is "all_classes".
        tested_sets: After `setup`, the tested set of each draw, in order: one, or ten if `split.number` is "all".
    """

    lists_name: ClassVar[str] = ""

    def __init__(
        self,
        *,
        data_root: Path | str | None = None,
        split: ClassSplit = ClassSplit(),
        text: Text = Text(templates=ACTION_TEMPLATE),
        needs_files: bool = True,
        loading: UntrimmedLoading = UntrimmedLoading(),
    ) -> None:
        """Describes the data; files are touched in `setup` only.

        Args:
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            split: Which classes are tested.
            text: How classes are described to models.
            needs_files: Whether every listed video file must exist; false if extracted features are read instead,
                whose reader then reports missing ones.
            loading: Which frames are used, what is read from files instead, and the batch size.
        """
        super().__init__()
        self.data_root = default_data_root() if data_root is None else Path(data_root).expanduser()
        self.split = split
        self.text = text
        self.needs_files = needs_files
        self.stride = loading.stride
        self.geometry: Geometry = loading.geometry
        self.features_folder = self._below_data_root(loading.features)
        self.captions_folder = self._below_data_root(loading.captions)
        self.batch_size = loading.batch_size
        self.on_damage: OnDamage = loading.on_damage
        self.videos: tuple[UntrimmedVideo, ...] = ()
        self.tested_sets: tuple[TestedSet, ...] = ()

    # --- what a data set defines ------------------------------------------------------------------------------------

    def all_exact_names(self) -> tuple[str, ...]:
        """All class names in the data set's original spelling."""
        raise NotImplementedError

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """All videos with all their instances, from the annotation file."""
        raise NotImplementedError

    @property
    def videos_folder(self) -> Path:
        """Folder with the videos, at any depth."""
        raise NotImplementedError

    def in_plain_words(self, exact_names: Sequence[str]) -> tuple[str, ...]:
        """Class names for people and models: "HighJump" is "high jump"."""
        return clean_names(exact_names)

    def find_files(self, ids: Sequence[str]) -> list[Path | None]:
        """Files of videos; None for a missing file if `needs_files` is false.

        Raises:
            FileNotFoundError: A needed file is missing.
        """
        return find_video_files(self.videos_folder, ids, all_needed=self.needs_files)

    # --- classes ----------------------------------------------------------------------------------------------------

    def class_text(self, stage: str) -> list[ClassText]:
        """The class text of each tested set, in order; a class has the same text in all sets.

        Args:
            stage: "test" or "predict". A single set has this name; ten sets are called "split_0" to "split_9".

        Raises:
            ValueError: Any other stage, since it has no videos.
        """
        _check_stage(stage, type(self).__name__)
        return [
            self._text_of(name, exact) for name, exact in zip(self._set_names(stage), self._drawn.values(), strict=True)
        ]

    def _text_of(self, set_name: str, exact_names: Sequence[str]) -> ClassText:
        names = self.in_plain_words(exact_names)
        if self.text.descriptions is not None:
            text = read_class_text(
                set_name,
                names,
                self.text.descriptions,
                lead=self.text.lead,
                groups=self.text.groups,
                data_root=self.data_root,
            )
            return fill_with_descriptions(text, self.text.templates) if self.text.is_described else text
        exact = dict(zip(names, exact_names, strict=True)) if self.text.names == "exact" else {}
        known = self.in_plain_words(self.all_exact_names())
        spoken = spoken_names(names, exact, renamed=self.text.renamed, known=known)
        return fill_templates(set_name, names, self.text.templates, spoken=spoken)

    @cached_property
    def _drawn(self) -> dict[int, tuple[str, ...]]:
        """Number of each draw -> the exact names of its classes, in label order."""
        return classes_of_split(self.split, self.all_exact_names(), data_set=self.lists_name, data_root=self.data_root)

    def _set_names(self, stage: str) -> list[str]:
        if self.split.number == "all":
            return [f"split_{number}" for number in self._drawn]
        return [str.__str__(stage)]  # Lightning's stages are an enumeration of strings

    # --- videos -----------------------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Lists the videos of the split and the tested set of each draw.

        Raises:
            FileNotFoundError: The annotations are not where they should be, or listed videos are missing.
            ValueError: The annotations name an unknown class, list a video twice (also through another link to its
                file), or leave a draw without test videos; or the stage is not "test" or "predict".
        """
        _check_stage(stage, type(self).__name__)
        annotated = [video for video in self.read_videos() if video.id not in self._excluded]
        check_annotations(annotated, self.all_exact_names(), data_set=type(self).__name__)
        on_all_videos = self.split.name == "all_classes"
        tested = {name for names in self._drawn.values() for name in names}
        chosen = sorted(
            (v for v in annotated if on_all_videos or any(i.class_name in tested for i in v.instances)),
            key=lambda video: video.id,
        )
        sets = tuple(
            list_tested_set(number, names, self.in_plain_words(names), chosen, on_all_videos=on_all_videos)
            for number, names in self._drawn.items()
        )
        empty = [str(tested_set.number) for tested_set in sets if not tested_set.rows]
        if empty:
            raise ValueError(
                f"{type(self).__name__} under {self.data_root} has no video of a tested class "
                f"(split {self.split.name}, number {', '.join(empty)})"
            )
        paths = self.find_files([video.id for video in chosen])
        refuse_one_file_twice({v.id: path for v, path in zip(chosen, paths, strict=True) if path is not None})
        self.videos = tuple(
            UntrimmedVideo(video.id, path, video.duration_seconds) for video, path in zip(chosen, paths, strict=True)
        )
        self.tested_sets = sets

    def ground_truth(self, rows: Sequence[int], tested_set: int = 0) -> GroundTruth:
        """The instances of some videos.

        Args:
            rows: Rows of `videos`; those outside the tested set contribute nothing.
            tested_set: Index of the set in `tested_sets`.
        """
        return self.tested_sets[tested_set].ground_truth(rows)

    def _below_data_root(self, folder: Path | str | None) -> Path | None:
        return None if folder is None else self.data_root / Path(folder).expanduser()

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset() if self.split.exclude is None else read_excluded(Path(self.split.exclude).expanduser())


def _check_stage(stage: str, data_set: str) -> None:
    if stage not in ("test", "predict"):
        raise ValueError(
            f"{data_set} has no videos for the stage {stage!r}: actions are found in untrimmed videos without "
            "training; run `test` or `predict`"
        )
