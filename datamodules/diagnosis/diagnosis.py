"""Finds problems of a data set before a long run does: `zsar doctor` without the command line.

Every check returns findings and raises no errors that the data cause. Repeated videos are found in `repeated_videos`;
decoding is in `decode_check`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.class_text.checked_names import too_few_classes
from zsar.datamodules.diagnosis.decode_check import Clip, Verdict
from zsar.datamodules.diagnosis.findings import BadVideo, Finding, finding
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.runtime.shards.stored_videos import is_stored, is_stored_folder

Stage = Literal["fit", "test"]

_LISTS_OF: Mapping[Stage, tuple[str, ...]] = {"fit": ("train", "held_out"), "test": ("test", "base", "novel")}
_SUBSET_OF: Mapping[Stage, Literal["train", "test"]] = {"fit": "train", "test": "test"}
_SETS_OF: Mapping[Stage, str] = {"fit": "train, val", "test": "test"}
_TWO_CLASSES = "a recognizer needs at least two classes; to find when one action happens, use `zsar localize`"
_LEAVE_OUT = "get or repair them, or exclude them: --data.split.exclude with the bad_videos.csv below"


# --- lists ------------------------------------------------------------------------------------------------------------


def stages_of(module: TrimmedVideoDataModule) -> tuple[Stage, ...]:
    """Training and testing, or only testing."""
    return ("test",) if module.for_testing_only or module.is_multi_label else ("fit", "test")


def left_out(module: TrimmedVideoDataModule, stages: Sequence[Stage]) -> list[Finding]:
    """The sets that are not checked, and why."""
    known = stages_of(module)
    return [
        Finding("lists", _SETS_OF[stage], "skipped", remark="not asked for" if stage in known else "for testing only")
        for stage in get_args(Stage)
        if stage not in stages
    ]


def list_sets(module: TrimmedVideoDataModule, stages: Sequence[Stage]) -> tuple[dict[str, VideoTable], list[Finding]]:
    """Lists the videos of every set, as far as possible.

    Args:
        module: The data; for a `ListedVideoDataModule`, `tolerate` must have been called.
        stages: Stages to list.

    Returns:
        {set name: its unchecked videos}, halves of the classes as one set "test"; and findings: errors while listing,
        and empty sets.
    """
    sets: dict[str, VideoTable] = {}
    findings: list[Finding] = []
    for stage in stages:
        try:
            listed = module.list_sets(stage)
        except (ValueError, OSError) as error:
            findings.append(Finding("lists", _SETS_OF[stage], "error", 1, 1, (str(error),)))
            continue
        for name, table in listed.items():
            empty = len(table) == 0 and (name != "val" or module.has_validation_set)
            faults = ["the set has no videos"] if empty else []
            findings.append(
                finding("lists", name, faults, len(table), "an empty set can be neither trained nor tested on")
            )
        sets.update(listed)
    return module.lists_of(sets), findings


def check_videos_folder(module: TrimmedVideoDataModule) -> list[Finding]:
    """Whether the folder of the listed videos exists."""
    if not isinstance(module, ListedVideoDataModule):
        return []
    folder = module.data_root / module.videos_folder
    faults = [] if is_stored_folder(folder) else [f"there is no folder {folder}"]
    return [finding("videos folder", "all", faults, 1, "set the data root by $ZSAR_DATA or --data.data_root")]


def check_file_names(module: TrimmedVideoDataModule, stages: Sequence[Stage]) -> list[Finding]:
    """Whether the labels of published lists agree with the classes in file names."""
    if not isinstance(module, ListedVideoDataModule):
        return []
    in_use = [name for stage in stages for name in _LISTS_OF[stage] if name in module.lists_in_use()]
    if in_use and type(module).class_in_file_name is ListedVideoDataModule.class_in_file_name:
        return [Finding("file names", ", ".join(in_use), "skipped", remark="file names hold no class")]
    findings = []
    follows = module.lists.on_contradiction == "follow_file_names"
    remark = (
        "the file names are followed, as set by lists.on_contradiction"
        if follows
        else "list and label file may be of two sources; if not: --data.lists.on_contradiction follow_file_names"
    )
    for name in in_use:
        try:
            total, rows = module.contradictions(name)
        except (ValueError, OSError):
            continue  # a list that cannot be read is a finding of `list_sets`
        faults = [f"{row.video}: {row.in_list!r} by its label, {row.in_file_name!r} by its name" for row in rows]
        findings.append(finding("file names", name, faults, total, remark, severity="warning" if follows else "error"))
    return findings


def check_counts(module: TrimmedVideoDataModule, stages: Sequence[Stage]) -> list[Finding]:
    """Whether official subsets have the published number of videos; does not apply to published lists."""
    if not isinstance(module, ListedVideoDataModule):
        return []
    lists = module.lists
    labels = (lists.classes, lists.base_classes, lists.novel_classes)
    findings = []
    for stage in stages:
        subset = _SUBSET_OF[stage]
        published = module.published_counts.get(subset)
        stage_lists = (lists.train,) if stage == "fit" else (lists.test, lists.base, lists.novel)
        if published is None or any(path is not None for path in (*labels, *stage_lists)):
            continue
        try:
            n_listed = len(module.list_videos(subset))
        except (ValueError, OSError):
            continue  # as above
        if n_listed == published:
            findings.append(Finding("counts", subset, "ok", total=published))
            continue
        example = f"{n_listed:,} listed, {published:,} published"
        remark = "more or fewer videos than were published make another data set: say so with every result"
        findings.append(Finding("counts", subset, "warning", abs(n_listed - published), published, (example,), remark))
    return findings


def check_class_text(module: TrimmedVideoDataModule, stages: Sequence[Stage]) -> list[Finding]:
    """Whether every set has at least two classes, and every class its own text.

    If the classes cannot be determined at all, `list_sets` reports it.
    """
    try:
        module.set_classes("test")
    except (ValueError, OSError):
        return []
    findings = []
    for stage in [name for asked in stages for name in (("fit", "validate") if asked == "fit" else ("test",))]:
        try:
            texts = module.class_text(stage)
        except FileNotFoundError:
            continue  # the files that classes come from are missing: as above
        except ValueError as error:
            name = {"fit": "train", "validate": "val"}.get(stage, stage)
            findings.append(Finding("class text", name, "error", 1, 1, (str(error),)))
        else:
            for text in texts:
                problem = too_few_classes({text.set_name: text.names})
                faults = [] if problem is None else [problem]
                findings.append(finding("class text", text.set_name, faults, len(text.names), _TWO_CLASSES))
    return findings


# --- files and frames -------------------------------------------------------------------------------------------------


def are_there(table: VideoTable) -> NDArray[np.bool_]:
    """Bool [N]: whether each file exists, from the table if known, else from the disk and from shards."""
    if table.found is not None:
        return table.found
    return np.array([is_stored(table[i].path) for i in range(len(table))], dtype=bool)


def check_files(set_name: str, table: VideoTable, exists: NDArray[np.bool_]) -> tuple[Finding, list[BadVideo]]:
    """Which listed videos are missing."""
    missing = np.flatnonzero(~exists).tolist()
    bad = [BadVideo(table.key(i), set_name, str(table[i].path), "missing") for i in missing]
    return finding("files", set_name, [video.key for video in bad], len(table), _LEAVE_OUT), bad


def draw_rows(exists: NDArray[np.bool_], share: float) -> NDArray[np.int64]:
    """A fixed random fraction of the existing videos, rounded up; a larger fraction includes a smaller one."""
    rows = np.flatnonzero(exists)
    shuffled = np.random.Generator(np.random.PCG64(0)).permutation(rows)
    return np.sort(shuffled[: math.ceil(share * len(rows))])


def clips_of(table: VideoTable, rows: NDArray[np.int64], *, n_frames: int, n_clips: int) -> list[Clip]:
    """The clips to decode for the videos at some rows."""
    records = [table[i] for i in rows.tolist()]
    return [Clip(os.path.abspath(record.path), record.segment_seconds, n_frames, n_clips) for record in records]


def check_frames(
    set_name: str,
    table: VideoTable,
    rows: NDArray[np.int64],
    verdicts: Sequence[Verdict],
) -> tuple[list[Finding], list[BadVideo]]:
    """Which videos cannot be decoded, and which have fewer frames than are sampled.

    Args:
        set_name: Name of the set.
        table: Its videos.
        rows: The M videos that were decoded.
        verdicts: Their M results.
    """
    if len(rows) == 0:
        return [Finding("frames", set_name, "skipped", remark="nothing to decode")], []
    keys = [table.key(i) for i in rows.tolist()]
    both = list(zip(keys, verdicts, strict=True))
    bad = [BadVideo(key, set_name, v.clip.path, v.problem) for key, v in both if v.problem is not None]
    short = [f"{key} has {v.n_available}" for key, v in both if v.problem is None and v.n_available < v.clip.n_frames]
    n_frames = verdicts[0].clip.n_frames
    remark = f"fewer than {n_frames} frames: some are used twice, as in every published evaluation"
    problems = [f"{video.key}: {video.problem}" for video in bad]
    findings = [
        finding("frames", set_name, problems, len(rows), _LEAVE_OUT),
        finding("short videos", set_name, short, len(rows) - len(bad), remark, severity="warning"),
    ]
    return findings, bad
