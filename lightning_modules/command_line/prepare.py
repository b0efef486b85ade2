"""`zsar prepare`: makes a small copy of a data set, so that decoding does not slow down training."""

from __future__ import annotations

import csv
import io
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import ProgressColumn, Task, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.copy_plan import FAILED_VIDEOS, Plan, copy_file, plan_copy
from zsar.datamodules.video_files.writing.preparing import PreparedVideo, prepare_video
from zsar.datamodules.video_files.writing.preparing_journal import Journal
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.datamodules.video_files.writing.shard_packing import ShardPacker
from zsar.datamodules.video_files.writing.transcoding import TranscodingError
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.prepare_options import PrepareOptions
from zsar.runtime.files.file_names import name_problem
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.processes.cpu_count import cpu_count
from zsar.runtime.processes.worker_pools import results_of
from zsar.runtime.shards.shard_index import INDEX_FILE
from zsar.runtime.shards.tar_members import MOST_MEMBER_BYTES
from zsar.runtime.terminal import message_console, print_whole, progress_bar, say, styled, waiting
from zsar.runtime.text.written_names import written_name

# Rows of the printed table; the file lists all failures.
_SHOWN_FAILURES = 20
_SHOWN_REFITTED = 5
# The result for a video whose worker died.
_DIED: PreparedVideo | str = "the process that prepared it died: the decoder crashed, or memory ran out"


@dataclass(frozen=True)
class _Job:
    """One video: its paths in the original and in the copy, and the folders that these are relative to."""

    source: Path
    destination: Path
    video: str
    copy: str
    settings: PreparingSettings
    on_damage: OnDamage


def run(options: PrepareOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be prepared; the others are still prepared.

    Raises:
        FileNotFoundError: The source does not exist, or holds no video.
        ValueError: A number is out of range, two videos would get the same name, or the destination holds other files,
            was prepared with other settings or cannot be written.
    """
    source, destination, on_damage = options.source, options.destination, options.damage.on_damage
    settings = PreparingSettings(options.short_side, options.keyframe_every, options.crf)
    n_workers = cpu_count() if options.workers.n_workers is None else options.workers.n_workers
    console = message_console()
    with waiting(console, f"listing the files of {source}"):
        plan = plan_copy(source, destination)
    began = time.perf_counter()
    try:
        with Journal(destination, settings) as journal:
            with waiting(console, "copying lists and other files"):
                n_copied, not_copied = _copy(plan.others, source, destination)
            packer = ShardPacker(destination, options.shards)
            jobs = [
                _Job(source, destination, video, copy, settings, on_damage)
                for video, copy in plan.videos
                if not journal.is_done(source / video, copy, on_damage=on_damage, packed_bytes=packer.n_bytes(copy))
            ]
            jobs.sort(key=lambda job: packer.number_of(job.copy))
            packer.begin([copy for _, copy in plan.videos], [job.copy for job in jobs])
            problems = sorted(not_copied + _prepare(jobs, journal, n_workers, console, packer))
        _write_problems(destination / FAILED_VIDEOS, problems)
    except OSError as error:
        raise ValueError(_explain(error, destination)) from error
    _print_summary(plan, journal, len(jobs), n_copied, time.perf_counter() - began)
    if packer.n_written:
        say(f"they are in {packer.n_written} tar files; {destination / INDEX_FILE} says where")
    _print_problems(problems, destination)
    return 1 if problems else 0


def _copy(others: Sequence[str], source: Path, destination: Path) -> tuple[int, list[tuple[str, str]]]:
    """Copies files other than videos; returns the number of new copies, and (file, problem) of failures."""
    n_copied, problems = 0, []
    for path in others:
        if not (source / path).is_file():  # copying a pipe would wait forever
            problems.append((path, "not copied: it is a broken link, or not a file"))
            continue
        try:
            n_copied += copy_file(source / path, destination / path)
        except OSError as error:
            if not _is_of(error, source / path):
                raise
            problems.append((path, f"not copied: {error.strerror}"))
    return n_copied, problems


def _is_of(error: OSError, source: Path) -> bool:
    """Whether the original cannot be read, rather than the copy written."""
    return str(error.filename) == str(source)


def _prepare(
    jobs: Sequence[_Job], journal: Journal, n_workers: int, console: Console, packer: ShardPacker
) -> list[tuple[str, str]]:
    """Prepares and packs videos with a progress bar, records finished ones; returns (video, problem) of the others."""
    problems: list[tuple[str, str]] = []
    n_processes = n_workers if min(n_workers, len(jobs)) > 1 else 0
    with (
        progress_bar(console, _FilesPerSecond(), TimeRemainingColumn()) as progress,
        closing(results_of(_attempt, jobs, n_workers=n_processes, if_died=_DIED)) as results,
    ):
        bar = progress.add_task("preparing", total=len(jobs))
        for job, result in results:
            if isinstance(result, PreparedVideo) and packer.n_shards and result.n_bytes > MOST_MEMBER_BYTES:
                result = (
                    f"its copy of {result.n_bytes} bytes is above the limit of a shard, {MOST_MEMBER_BYTES}; cut it"
                )
            if isinstance(result, PreparedVideo):
                journal.record(job.copy, result)
            else:
                problems.append((job.video, result))
                journal.prepared.pop(job.copy, None)
                if name_problem(job.destination / job.copy) is None:
                    (job.destination / job.copy).unlink(missing_ok=True)  # made from an earlier version of the video
            packer.end(job.copy, is_prepared=isinstance(result, PreparedVideo))
            progress.advance(bar)
    return sorted(problems)


class _FilesPerSecond(ProgressColumn):
    """Prepared files per second."""

    def render(self, task: Task) -> Text:
        """The number."""
        return styled(f"{task.completed / task.elapsed:.2f} files/s" if task.elapsed and task.completed else "")


def _attempt(job: _Job) -> PreparedVideo | str:
    source = job.source / job.video
    problem = name_problem(job.destination / job.copy)
    if problem is not None:
        return problem
    try:
        return prepare_video(source, job.destination / job.copy, job.settings, on_damage=job.on_damage)
    except (VideoDecodeError, TranscodingError) as error:
        return str(error).removeprefix(f"{source}: ")
    except OSError as error:  # the video has just vanished
        if not _is_of(error, source):
            raise
        return str(error.strerror)
    except MemoryError:
        return "not enough memory for its frames"


# --- the final messages -----------------------------------------------------------------------------------------------


def _explain(error: OSError, destination: Path) -> str:
    """The disk error and its remedy."""
    free = shutil.disk_usage(destination).free if destination.is_dir() else 0
    path = error.filename2 or error.filename
    where = f"{path}: " if path else ""
    return (
        f"{where}{error.strerror or error}; {destination} has {free / 1e9:.2f} GB free. Fix this and rerun the "
        "same command; it resumes where it stopped"
    )


def _write_problems(path: Path, problems: Sequence[tuple[str, str]]) -> None:
    """Writes the list of videos missing in the copy; removes it if there are none."""
    if not problems:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("video", "problem"), *((written_name(video), problem) for video, problem in problems)])
    write_text_whole(path, text.getvalue())


def _print_summary(plan: Plan, journal: Journal, n_jobs: int, n_copied: int, seconds: float) -> None:
    done = [journal.prepared[copy] for _, copy in plan.videos if copy in journal.prepared]
    before, after = sum(video.source_bytes for video in done), sum(video.n_bytes for video in done)
    say(
        f"{len(done)} of {len(plan.videos)} videos are prepared ({len(plan.videos) - n_jobs} were before), "
        f"{n_copied} of {len(plan.others)} other files were copied, in {seconds:.1f} s"
    )
    if before:
        say(f"videos: {before / 1e6:.1f} MB became {after / 1e6:.1f} MB, {after / before:.2f} times the size")
    if any(video.n_damaged for video in done):
        say(accepted_damage([video.n_damaged for video in done]))
    refitted = [copy for _, copy in plan.videos if copy in journal.prepared and journal.prepared[copy].n_refitted]
    if refitted:
        more = f" and {len(refitted) - _SHOWN_REFITTED} more" if len(refitted) > _SHOWN_REFITTED else ""
        say(
            f"{len(refitted)} of them change their frame size midway; their copies have the size of the first frame, "
            f"and black bars where the shape differs: {', '.join(refitted[:_SHOWN_REFITTED])}{more}"
        )
    if any(not video.endswith(".mp4") for video, _ in plan.videos):
        say("names now end in .mp4: change them in lists of paths for VideoFolder too")


def _print_problems(problems: Sequence[tuple[str, str]], destination: Path) -> None:
    if not problems:
        return
    table = Table("video", "problem", title=f"{len(problems)} not prepared")
    for video, problem in problems[:_SHOWN_FAILURES]:
        table.add_row(video, problem)
    print_whole(message_console(), table)
    more = f", {len(problems) - _SHOWN_FAILURES} more than shown" if len(problems) > _SHOWN_FAILURES else ""
    say(f"all of them are listed in {destination / FAILED_VIDEOS}{more}", error=True)
