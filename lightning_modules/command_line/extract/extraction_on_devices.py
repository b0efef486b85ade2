"""Files of videos made on several devices: a process for each, and what they report in one place."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from zsar.lightning_modules.command_line.extract.extraction import (
    Extraction,
    Report,
    VideoDone,
    VideoJob,
    extract_videos,
    load_backbone,
)


@dataclass(frozen=True)
class _Failure:
    """What ended the process of a device."""

    message: str


def extract_on_devices(
    devices: Sequence[str], jobs: Sequence[VideoJob], extraction: Extraction
) -> Generator[Report, None, None]:
    """Makes the files of videos in one process for each device; video i belongs to device i modulo their number.

    Args:
        devices: torch's names of the devices.
        jobs: The videos.
        extraction: What is made of them.

    Yields:
        As `extract_videos`.

    Raises:
        ValueError: A process failed; the message says why. The others are ended, finished videos are kept.
    """
    context = multiprocessing.get_context("spawn")  # CUDA cannot be used in a forked process
    reports: Any = context.Queue()
    shares = [jobs[i :: len(devices)] for i in range(len(devices))]
    processes = [
        context.Process(target=_run_share, args=(device, list(share), extraction, reports))
        for device, share in zip(devices, shares, strict=True)
        if share
    ]
    for process in processes:
        process.start()
    try:
        left = len(jobs)
        while left:
            report = _next_report(reports, processes)
            left -= isinstance(report, VideoDone)
            yield report
    finally:
        for process in processes:
            process.join(timeout=5 if not left else 0)
            if process.is_alive():
                process.terminate()
                process.join()


def _next_report(reports: Any, processes: Sequence[BaseProcess]) -> Report:  # noqa: ANN401 - a queue of any context
    while True:
        dead = [p for p in processes if p.exitcode not in (None, 0)]  # before the queue is looked at for the last time
        try:
            report = reports.get(timeout=0.5)
        except queue.Empty:
            if dead:
                raise ValueError(
                    f"the process of a device died (exit status {dead[0].exitcode}), for lack of memory perhaps; "
                    "finished videos are kept: run the same command again"
                ) from None
            continue
        if isinstance(report, _Failure):
            raise ValueError(report.message)
        return report


def _run_share(device: str, jobs: list[VideoJob], extraction: Extraction, reports: Any) -> None:  # noqa: ANN401
    """The process of one device."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        backbone = load_backbone(extraction, device)
        for report in extract_videos(backbone, jobs, extraction):
            reports.put(report)
    except Exception as error:
        reports.put(_Failure(f"{device}: {error or type(error).__name__}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
