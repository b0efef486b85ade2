"""Extraction on several devices: one process per device, with their reports merged."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zsar.api.extraction.extraction import (
    Extraction,
    Report,
    VideoJob,
    extract_videos,
)
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.runtime.processes.reporting_processes import ProcessDiedError, WorkFailedError, reports_of


@dataclass(frozen=True)
class _Share:
    """The work of one device."""

    device: str
    jobs: Sequence[VideoJob]
    extraction: Extraction


def extract_on_devices(
    devices: Sequence[str], jobs: Sequence[VideoJob], extraction: Extraction
) -> Generator[Report, None, None]:
    """Makes the files of videos in one process per device; video i goes to device i modulo the number of devices.

    Args:
        devices: torch's names of the devices.
        jobs: The videos.
        extraction: The extraction.

    Yields:
        As `extract_videos`.

    Raises:
        ValueError: A process failed; the message says why. The others are stopped; finished videos are kept.
    """
    shares = [_Share(device, jobs[i :: len(devices)], extraction) for i, device in enumerate(devices) if i < len(jobs)]
    try:
        yield from reports_of(_run_share, shares)
    except WorkFailedError as failure:
        raise ValueError(f"{shares[failure.share].device}: {failure}") from failure
    except ProcessDiedError as death:
        raise ValueError(
            f"the process of a device died (exit status {death.code}), perhaps out of memory; "
            "finished videos are kept: rerun the same command"
        ) from death


def _run_share(share: _Share) -> Generator[Report, None, None]:
    """Runs in the process of a device."""
    yield from extract_videos(load_backbone(share.extraction, share.device), share.jobs, share.extraction)
