"""Files that a test cannot decode: found at the start where that is cheap, and reported at the end.

Every listed file must exist and not be empty. In a set of up to `MOST_OPENED` files each file is also opened, which
finds files of other kinds and most truncated ones (a few milliseconds per file, in parallel). In larger sets, and in
shards that are read over a network, only decoding finds them; `zsar doctor --decode all` does this in advance.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.video_file import OpenVideo, errors_name
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.shards.stored_videos import is_at_an_address, stored_problem

MOST_OPENED = 10_000
_AT_ONCE = 16  # threads; they mostly wait for the disk
_SHOWN = 20
_REMEDY = (
    "Get them again, or exclude them (`zsar doctor --decode all` lists all such files in a CSV file "
    "for --data.split.exclude), or count them as wrong: --data.loading.on_decode_error count_as_wrong"
)


def refuse_unreadable(table: VideoTable, set_name: str) -> None:
    """Checks the files of a set before testing.

    Args:
        table: The videos.
        set_name: Name of the set.

    Raises:
        VideoDecodeError: Files are missing, empty or, in a set of at most `MOST_OPENED` files, not videos; the message
            has their number, names, causes and the remedy.
    """
    paths = list(dict.fromkeys(str(table.root / table.path(i)) for i in range(len(table))))
    check = _opening_problem if len(paths) <= MOST_OPENED else stored_problem
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = [problem for problem in pool.map(check, paths) if problem is not None]
    if problems:
        raise VideoDecodeError(
            f"{len(problems):,} of {len(paths):,} files of the set {set_name!r} cannot be opened, so that nothing was "
            f"tested: {in_words(problems)}. {_REMEDY}"
        )


def refuse_undecoded(problems: Sequence[str], remedy: str = _REMEDY) -> None:
    """Ends a test in which videos could not be decoded, after the predictions of the others were written.

    Args:
        problems: The problem of each video, including its file name.
        remedy: What to do.

    Raises:
        VideoDecodeError: There are problems; the message has their number, the problems and the remedy.
    """
    if problems:
        count = "1 video" if len(problems) == 1 else f"{len(problems):,} videos"
        raise VideoDecodeError(
            f"{count} could not be decoded, so there is no result for the whole set: {in_words(sorted(problems))}. "
            f"The predictions for the others are kept. {remedy}"
        )


def in_words(problems: Sequence[str]) -> str:
    """Problems in one line; if there are many, the first ones and the number of the rest."""
    more = f"; and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


def _opening_problem(path: str) -> str | None:
    if (problem := stored_problem(path)) is not None or is_at_an_address(path):
        return problem  # a whole video would be read for its header
    try:
        with errors_name(path, "opening it"):
            OpenVideo(path, threads=1).close()
    except VideoDecodeError as error:
        return str(error)
    return None
