"""`zsar doctor`: checks a data set before a long run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy import bool_
from numpy.typing import NDArray
from rich.progress import TimeRemainingColumn

from zsar.datamodules.diagnosis import diagnosis
from zsar.datamodules.diagnosis.decode_check import Clip, Verdict, check_clips
from zsar.datamodules.diagnosis.findings import BadVideo, Finding
from zsar.datamodules.diagnosis.label_checks import check_label_sets
from zsar.datamodules.diagnosis.repeated_videos import (
    check_classes_apart,
    check_contents,
    check_duplicates,
    check_overlap,
)
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.doctor.doctor_options import DoctorRequest
from zsar.lightning_modules.command_line.doctor.doctor_report import (
    Decoding,
    print_report,
    write_bad_videos,
    write_report,
)
from zsar.lightning_modules.command_line.doctor.requested_check import RequestedCheck, requested_check
from zsar.runtime.terminal import message_console, progress_bar, progress_text, say


def run(options: DoctorRequest) -> int:
    """Checks the data set, prints the report and writes it.

    Args:
        options: The parsed command line.

    Returns:
        0 if there are no errors (warnings aside), 1 if there are, 130 after Ctrl-C.

    Raises:
        ValueError: A setting is out of range, or a config file describes no data.
        FileNotFoundError: There is no such config file.
    """
    check = requested_check(options)
    try:
        findings, bad, decoding = _diagnose(check)
    except KeyboardInterrupt:
        say("", f"stopped; rerun the same command to resume from {check.journal}", error=True)
        return 130
    table = check.output / "bad_videos.csv"
    n_bad = write_bad_videos(table, bad, keep=_is_excluded(table, check.module))
    write_report(check.output / "report.json", check.module, findings, bad, decoding)
    print_report(findings, decoding)
    rows = f"{n_bad:,} {'row' if n_bad == 1 else 'rows'}"
    say(f"wrote {check.output / 'report.json'} and {table} ({rows}, for --data.split.exclude)")
    return int(any(finding.severity == "error" for finding in findings))


def _is_excluded(table: Path, module: TrimmedVideoDataModule) -> bool:
    """Whether the table of an earlier check is what `split.exclude` names."""
    return module.split.exclude is not None and Path(module.split.exclude).expanduser().resolve() == table.resolve()


def _diagnose(check: RequestedCheck) -> tuple[list[Finding], list[BadVideo], Decoding]:
    module, stages = check.module, check.stages
    module.prepare_data()
    if isinstance(module, ListedVideoDataModule):
        module.tolerate()
    findings = diagnosis.check_videos_folder(module)
    sets, of_lists = diagnosis.list_sets(module, stages)
    of_lists += diagnosis.left_out(module, stages)
    there = {name: diagnosis.are_there(table) for name, table in sets.items()}
    of_files = [diagnosis.check_files(name, table, there[name]) for name, table in sets.items()]
    of_frames, undecodable, decoding = _decode(check, sets, there)
    findings += of_lists + [finding for finding, _ in of_files] + of_frames
    findings += diagnosis.check_counts(module, stages)
    findings += diagnosis.check_class_text(module, stages)
    findings += diagnosis.check_file_names(module, stages)
    findings += check_label_sets(module, sets)
    findings += [check_duplicates(name, table) for name, table in sets.items()]
    findings += check_overlap(sets)
    if sets.keys() >= {"base", "novel"}:
        findings += check_classes_apart(module.set_classes("test"))
    if check.compare_contents:
        findings += check_contents(sets, there)
    return findings, [video for _, missing in of_files for video in missing] + undecodable, decoding


def _decode(
    check: RequestedCheck, sets: Mapping[str, VideoTable], there: Mapping[str, NDArray[bool_]]
) -> tuple[list[Finding], list[BadVideo], Decoding]:
    if check.share == 0:
        return [Finding("frames", ", ".join(sets), "skipped", remark="--decode none")], [], Decoding(0, 0, 0, 0.0)
    asked = check.module.clips
    rows = {name: diagnosis.draw_rows(there[name], check.share) for name in sets}
    clips = {
        name: diagnosis.clips_of(table, rows[name], n_frames=asked.n_frames, n_clips=asked.n_test_clips)
        for name, table in sets.items()
    }
    began = time.perf_counter()
    verdicts = _with_progress([clip for of_set in clips.values() for clip in of_set], check)
    findings: list[Finding] = []
    bad: list[BadVideo] = []
    for name, table in sets.items():
        of_set = diagnosis.check_frames(name, table, rows[name], [verdicts[clip] for clip in clips[name]])
        findings += of_set[0]
        bad += of_set[1]
    n_new = sum(verdict.is_new for verdict in verdicts.values())
    n_bad = sum(verdict.problem is not None for verdict in verdicts.values())
    findings.sort(key=lambda finding: finding.check)  # "frames" of all sets, then "short videos" of all
    return findings, bad, Decoding(n_new, len(verdicts) - n_new, n_bad, time.perf_counter() - began)


def _with_progress(clips: Sequence[Clip], check: RequestedCheck) -> dict[Clip, Verdict]:
    """Decodes, and shows videos per second and how many are bad."""
    columns = (progress_text("{task.fields[rate]:.1f} videos/s, {task.fields[n_bad]} bad"), TimeRemainingColumn())
    verdicts: dict[Clip, Verdict] = {}
    n_new = n_bad = 0
    began = time.perf_counter()
    with progress_bar(message_console(), *columns, hidden=not clips) as progress:
        task = progress.add_task("decoding", total=len(set(clips)), rate=0.0, n_bad=0)
        for verdict in check_clips(clips, n_workers=check.n_workers, journal=check.journal):
            verdicts[verdict.clip] = verdict
            n_new += verdict.is_new
            n_bad += verdict.problem is not None
            rate = n_new / max(time.perf_counter() - began, 1e-6)
            progress.update(task, advance=1, rate=rate, n_bad=n_bad)
    return verdicts
