"""`--draw FOLDER`: copies of a command's videos with the answers on their frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from rich.progress import TimeRemainingColumn

from zsar.api.drawing.draw import Found, Ranked, draw
from zsar.datamodules.lists.given_videos import videos_by_output
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError
from zsar.runtime.files.file_names import name_problem
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.same_files import groups_of_one_file
from zsar.runtime.terminal import message_console, progress_bar, say, say_of, shown

SUFFIX = ".drawn.mp4"
KEYS = ("drawn", "drawing_error")
"""What `DrawnCopies.add` tells about a video in JSON and CSV files."""

T = TypeVar("T")


def planned_copies(folder: Path | None, videos: Sequence[tuple[Path, Path]]) -> dict[str, Path]:
    """Where the copies are written; checks all that can be checked before the work.

    Args:
        folder: The folder; None if nothing is drawn.
        videos: Paths and names of the videos (`given_videos`), each file once.

    Returns:
        The copy of each video, by the video's path; empty if nothing is drawn.

    Raises:
        ValueError: The folder cannot be written, two videos would have the same copy, or a copy is one of the videos.
    """
    if folder is None:
        return {}
    check_output_folder(folder, option="--draw")
    remedy = "rename one of them, or draw them to two folders"
    outputs = videos_by_output(videos, lambda name: folder / name.with_suffix(SUFFIX), remedy=remedy)
    sources = [str(path) for path, _ in outputs.values()]
    for copy, source in zip(outputs, sources, strict=True):
        if (problem := name_problem(copy)) is not None:
            raise ValueError(f"{source}: {problem}")
    for rows in groups_of_one_file([*sources, *map(str, outputs)]):
        if rows[0] < len(sources) <= rows[-1]:
            raise ValueError(
                f"--draw {folder}: {sources[rows[0]]} is one of the videos, and would be replaced by a copy; give "
                "another folder, or leave this video out"
            )
    return dict(zip(sources, outputs, strict=True))


class DrawnCopies:
    """Draws one answer after another, under a bar of the videos; a context manager.

    A video whose copy fails is reported. Where a copy cannot be written, as the disk is full, no further one is tried.

    Attributes:
        stopped: Why no further copies are tried, or None.
        n_failed: Number of answers without a copy.
    """

    def __init__(self, files: Mapping[str, Path], *, on_damage: OnDamage, hidden: bool, top_k: int = 3) -> None:
        """Prepares the bars.

        Args:
            files: Where copies are written (`planned_copies`); empty to draw nothing.
            on_damage: What to do with damaged frames.
            hidden: Whether to show no bar.
            top_k: Names shown of a classification.
        """
        self.stopped: OSError | None = None
        self._files, self._top_k, self._on_damage = files, top_k, on_damage
        self._bar = progress_bar(message_console(), TimeRemainingColumn(), transient=True, hidden=hidden)
        self._n_drawn, self._n_untried, self._missing = 0, 0, ""
        self._problems: list[str] = []
        self._left_out_sound: Counter[str] = Counter()

    def __enter__(self) -> DrawnCopies:
        """Shows the bars."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes the bars."""
        self._bar.stop()

    @property
    def n_failed(self) -> int:
        """Number of answers without a copy."""
        return len(self._problems) + self._n_untried

    def tracked(self, items: Iterable[T], what: str, *, total: int) -> Iterator[T]:
        """Passes items on under the bar of the videos."""
        task = self._bar.add_task(what, total=total)
        for item in items:
            yield item
            self._bar.advance(task)

    def add(self, video: str | None, answer: Ranked | Found, *, error: str | None) -> dict[str, str | None]:
        """Draws an answer.

        Args:
            video: The video's path.
            answer: The answer.
            error: Why there is none to draw, or None.

        Returns:
            The copy and why there is none, with the names `KEYS`; empty if nothing is drawn.
        """
        if not self._files or video is None:
            return {}
        problem = None
        if error is None:
            problem = _sentence(self.stopped) if self.stopped is not None else self._drawn(video, answer)
        self._n_untried += error is None and self.stopped is not None
        is_drawn = error is None and problem is None
        return dict(zip(KEYS, (str(self._files[video]) if is_drawn else None, problem), strict=True))

    def _drawn(self, video: str, answer: Ranked | Found) -> str | None:
        """Draws an answer; returns the problem."""
        copy = self._files[video]
        task = self._bar.add_task(f"drawing {shown(copy.name)}", total=None)
        try:
            made = draw(
                video,
                answer,
                copy,
                top_k=self._top_k,
                on_damage=self._on_damage,
                progress=lambda done, total: self._bar.update(task, completed=done, total=total),
            )
        except (VideoDecodeError, TranscodingError) as error:
            self._problems.append(str(error))
            return str(error)
        except OSError as error:
            self.stopped = error
            return _sentence(error)
        finally:
            self._bar.remove_task(task)
        self._n_drawn += 1
        self._missing = "".join(dict.fromkeys(self._missing + made.missing_characters))
        if made.sound not in ("none", "copied"):
            self._left_out_sound[made.sound] += 1
        return None

    def say_result(self, folder: Path | None) -> None:
        """Says what was drawn, and what is missing in the copies; nothing if nothing is drawn.

        Args:
            folder: The folder of the copies.
        """
        if not self._files:
            return
        copies = f"{self._n_drawn} cop{'y' if self._n_drawn == 1 else 'ies'}"
        say(f"{copies} with the answer on the frames: {folder}", error=True)
        for codec, n in self._left_out_sound.items():
            say(f"{n} of them without sound: .mp4 files cannot hold {codec}", error=True)
        if self._missing:
            say(
                f"{self._missing}: these characters are boxes in the copies, as no installed font has all characters "
                "of their names; install one that does, such as one of the Noto fonts",
                error=True,
            )
        for problem in self._problems:
            say_of("red", "not drawn:", problem)
        if self.stopped is not None:
            say_of("red", f"{self._n_untried} not drawn:", _sentence(self.stopped))


def _sentence(error: OSError) -> str:
    """What an error of `whole_file` says, without its number."""
    return error.strerror or str(error)


def without_keys(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of answers without what `DrawnCopies.add` told."""
    return {name: value for name, value in line.items() if name not in KEYS}
