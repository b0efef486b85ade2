"""Files of videos made on several devices: a process for each, and what they report in one place."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zsar.lightning_modules.command_line.extract.extraction import (
    Extraction,
    Report,
    VideoJob,
    extract_videos,
    load_backbone,
)
from zsar.runtime.processes.reporting_processes import ProcessDiedError, WorkFailedError, reports_of


@dataclass(frozen=True)
class _Share:
    """What one device does."""

    device: str
    jobs: Sequence[VideoJob]
    extraction: Extraction


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
    shares = [_Share(device, jobs[i :: len(devices)], extraction) for i, device in enumerate(devices) if i < len(jobs)]
    try:
        yield from reports_of(_run_share, shares)
    except WorkFailedError as failure:
        raise ValueError(f"{shares[failure.share].device}: {failure}") from failure
    except ProcessDiedError as death:
        raise ValueError(
            f"the process of a device died (exit status {death.code}), for lack of memory perhaps; "
            "finished videos are kept: run the same command again"
        ) from death


def _run_share(share: _Share) -> Generator[Report, None, None]:
    """What the process of a device does."""
    yield from extract_videos(load_backbone(share.extraction, share.device), share.jobs, share.extraction)
