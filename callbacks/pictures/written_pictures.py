"""WrittenPictures: writes the pictures of one callback and one command, with their numbers, and lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.trainer.states import TrainerFn
from matplotlib.figure import Figure

from zsar.callbacks.pictures.figures import save_figure
from zsar.callbacks.results.written_line import say_written
from zsar.lightning_modules.run_folders.picture_files import PICTURES, Picture, replace_pictures
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import say


class WrittenPictures:
    """The pictures that a callback writes in one command, `RUN_DIR/pictures/KIND/SET/STEM.png` and `.json`.

    Each process writes its own; `finish` replaces those of an earlier command of the same stage.
    """

    def __init__(self, kind: str, trainer: Trainer, *, first_word: str = "") -> None:
        """Starts without pictures.

        Args:
            kind: The kind of picture, which names its folder (`Picture.kind`).
            trainer: The trainer of the run.
            first_word: How all stems begin, where several callbacks of one command write this kind, so that one does
                not replace the pictures of another.
        """
        self._kind = kind
        self._first_word = first_word
        self._trainer = trainer
        self._pictures: list[tuple[str, Picture]] = []
        self._gone: list[str] = []

    @property
    def folder(self) -> Path:
        """The folder of this kind of picture."""
        return Path(self._trainer.default_root_dir) / PICTURES / self._kind

    @property
    def _stage(self) -> str:
        return TrainerFn(self._trainer.state.fn).value  # str() of it is "TrainerFn.TESTING"

    def path(self, set_name: str, stem: str, suffix: str) -> Path:
        """The file of a set with a stem and a suffix (".mp4"), for what the caller writes; its folder is made."""
        folder = self.folder / set_name
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{stem}{suffix}"

    def add(
        self,
        set_name: str,
        stem: str,
        *,
        title: str,
        alt: str,
        numbers: Mapping[str, Any],
        figure: Figure | None = None,
        further: Mapping[str, Path] | None = None,
        dots_per_inch: int = 150,
    ) -> Path:
        """Writes a picture and its numbers.

        Args:
            set_name: The set of videos.
            stem: Name of the files without suffix, unique in the set; `file_stem` makes one of a video.
            title: One line that tells the picture from the others of its kind.
            alt: What there is to see, for readers who do not see it.
            numbers: The numbers behind the picture, as JSON holds them.
            figure: The picture; None where the numbers are all there is.
            further: Other files that belong to it, written by the caller to a `path`, by role (`Picture.files`).
            dots_per_inch: Resolution.

        Returns:
            The picture's path, or that of its numbers if there is no picture.
        """
        paths = {"numbers": write_json_whole(self.path(set_name, stem, ".json"), dict(numbers)), **(further or {})}
        if figure is not None:
            picture = save_figure(figure, self.path(set_name, stem, ".png"), dots_per_inch=dots_per_inch)
            paths = {"picture": picture, **paths}
        root = self.folder.parent
        files = {role: path.relative_to(root).as_posix() for role, path in paths.items()}
        self._pictures.append((stem, Picture(self._kind, self._stage, set_name, title, alt, files)))
        return next(iter(paths.values()))

    def leave_out(self, video: str) -> None:
        """Notes a chosen video that could be decoded in the test, but not when it was read again."""
        self._gone.append(video)

    def finish(self, *, of: int | None = None, undecodable: Sequence[str] = ()) -> list[Picture]:
        """Lists the pictures of all processes, logs them to W&B, and says how many there are; all processes call it.

        Args:
            of: Number of pictures that were wanted, to be said; None for the number of those written.
            undecodable: Names of the chosen videos that could not be decoded in the test, the same in all processes.

        Returns:
            The pictures of all processes, by set and stem; set order is that of writing.
        """
        gathered = gather_from_all((self._pictures, self._gone), self._trainer)
        everyone = [pair for pairs, _ in gathered for pair in pairs]
        sets = list(dict.fromkeys(picture.set_name for _, picture in everyone))
        ordered = sorted(everyone, key=lambda pair: (sets.index(pair[1].set_name), pair[0]))
        pictures = [picture for _, picture in ordered]
        if self._trainer.is_global_zero:
            run = Path(self._trainer.default_root_dir)
            replace_pictures(run, pictures, kind=self._kind, stage=self._stage, first_word=self._first_word)
            self._log(run, pictures, sets)
            n = sum("picture" in picture.files for picture in pictures)  # the others are numbers or clips alone
            plural = "" if (n if of is None else of) == 1 else "s"
            say_written(self.folder, f"{n}{'' if of is None else f' of {of}'} picture{plural} into")
            for video in (*undecodable, *(video for _, gone in gathered for video in gone)):
                say(f"no picture, it could not be decoded: {video}")
        return pictures

    def _log(self, run: Path, pictures: list[Picture], sets: list[str]) -> None:
        """Logs each picture under a name of its own, as W&B shows no list of pictures of several sizes."""
        for logger in self._trainer.loggers:
            if isinstance(logger, WandbLogger):
                for name in sets:
                    of_set = [(p, path) for p in pictures if p.set_name == name and (path := p.path(run, "picture"))]
                    for number, (picture, path) in enumerate(of_set, 1):
                        key = f"{self._kind}/{name}{f'/{number}' if len(of_set) > 1 else ''}"
                        logger.log_image(key, [str(path)], caption=[picture.title])
