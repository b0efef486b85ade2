"""Which runs of two folders are compared with each other, and whether they are of the same videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsar.lightning_modules.command_line.summarize.compared.answered_videos import AnsweredVideos, answered_videos
from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import observed
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun
from zsar.lightning_modules.command_line.summarize.results.recognition_results import Run
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.results.run_groups import RUN_OF_A_ROW, read_run

if TYPE_CHECKING:
    from zsar.lightning_modules.command_line.summarize.compared.localized_videos import LocalizedVideos

_ITSELF = "."  # the name of a run that is the folder itself
_TOLERANCE = 0.01  # percentage points, of figures that are stored in 32 bits
_MOST_NAMED = 3
# What decides which videos lie behind the names, in `data` of results.json.
_OF_VIDEOS = ("data_set", "render_seed", "shift", "shifts")


@dataclass(frozen=True)
class ComparedRun:
    """A run and what it did with each video.

    Attributes:
        run: Its results.json.
        measured: Its answers or detections.
        of_videos: What else its results.json says of the videos, by name.
    """

    run: Run | LocalizationRun
    measured: AnsweredVideos | LocalizedVideos
    of_videos: Mapping[str, Any]


def paired_runs(first: Path, second: Path) -> list[tuple[ComparedRun, ComparedRun]]:
    """The runs of two folders, a pair for each seed, split or fold.

    Args:
        first: A run folder, or one with runs in seed0, seed1, split1, fold1/seed0, ...
        second: Another of the same kind, with runs of the same names.

    Returns:
        The pairs, by name.

    Raises:
        ValueError: A folder holds no run, or not those of the other; a run has no predictions, or they are not those of
            its results.json; or two runs are not of the same videos, sets and classes. The message names the folders.
    """
    if first.resolve() == second.resolve():
        raise ValueError(f"--compare {first} {second}: this is the same folder twice; give two")
    ours, theirs = _runs_in(first), _runs_in(second)
    if (_ITSELF in ours) != (_ITSELF in theirs):
        single, several = (first, second) if _ITSELF in ours else (second, first)
        raise ValueError(f"{single} is a run, but {several} holds runs; give two runs, or two folders that hold runs")
    for folder, own, other, others in ((second, theirs, first, ours), (first, ours, second, theirs)):
        if missing := [name for name in others if name not in own]:
            raise ValueError(f"{folder} has no run {_named(missing)}, but {other} has; give folders with the same runs")
    pairs = [(_read(ours[name]), _read(theirs[name])) for name in sorted(ours)]
    for a, b in pairs:
        _check_same_videos(a, b)
    return pairs


def _runs_in(folder: Path) -> dict[str, Path]:
    """Run folders by name: "seed0", ..., or `_ITSELF`."""
    if (folder / "results.json").is_file():
        return {_ITSELF: folder}
    runs: dict[str, Path] = {}
    for inner in sorted(folder.iterdir()) if folder.is_dir() else []:
        if inner.is_dir() and RUN_OF_A_ROW.fullmatch(inner.name):
            below = _runs_in_or_none(inner)
            runs |= {inner.name if name == _ITSELF else f"{inner.name}/{name}": path for name, path in below.items()}
    if not runs:
        raise ValueError(
            f"{folder} holds no results.json, and no folders seed0, seed1, split1, fold1, ... with one; run `zsar "
            f"test` with --run_dir {folder} first"
        )
    return runs


def _runs_in_or_none(folder: Path) -> dict[str, Path]:
    try:
        return _runs_in(folder)
    except ValueError:  # a training that was not tested
        return {}


def _read(folder: Path) -> ComparedRun:
    run, content = read_run(folder), read_result(folder)
    measured = answered_videos(run, content) if isinstance(run, Run) else _localized_videos(run)
    for name, value in observed(measured).items():
        stated = run.figures.get(name)
        if stated is None or abs(stated - value) > _TOLERANCE:
            of_result = "none" if stated is None else f"{stated:.2f}"
            raise ValueError(
                f"{folder}: its predictions come to {value:.2f} for {name}, but results.json has {of_result}; they are "
                "of another test, so test again"
            )
    data = content["data"]
    rendered = ((content.get("config") or {}).get("data") or {}).get("init_args") or {}
    of_videos = {name: data.get(name, rendered.get(name)) for name in _OF_VIDEOS}
    return ComparedRun(run, measured, of_videos)


def _localized_videos(run: LocalizationRun) -> LocalizedVideos:
    # imported here, as torch takes seconds, and recognizers are compared without it
    from zsar.lightning_modules.command_line.summarize.compared.localized_videos import localized_videos

    return localized_videos(run)


def _check_same_videos(a: ComparedRun, b: ComparedRun) -> None:
    """Checks that two runs tested the same videos, with the same classes and annotations, in the same sets."""
    where = f"{a.run.folder} and {b.run.folder}"
    if type(a.run) is not type(b.run):
        raise ValueError(f"{where} are results of recognition and of localization; compare two of one task")
    for name, value in a.of_videos.items():
        if value != b.of_videos[name]:
            raise ValueError(f"{where} are of other videos: {name} is {value} and {b.of_videos[name]}; test both alike")
    if (ours := list(a.measured.truth)) != (theirs := list(b.measured.truth)):
        raise ValueError(f"{where} have other sets: {_named(ours)} and {_named(theirs)}; test both alike")
    if (own := list(a.run.figures)) != (others := list(b.run.figures)):
        raise ValueError(f"{where} have other figures: {_named(own)} and {_named(others)}; test both alike")
    for name, of_set in a.measured.truth.items():
        other = b.measured.truth[name]
        if apart := sorted(of_set.keys() ^ other.keys()):
            raise ValueError(f"{where} have other videos in the set {name}: {_named(apart)}; test both alike")
        if labelled := [video for video in of_set if of_set[video] != other[video]]:
            raise ValueError(
                f"{where} have other labels in the set {name}: {labelled[0]} is {of_set[labelled[0]]!r} and "
                f"{other[labelled[0]]!r}; test both alike"
            )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
