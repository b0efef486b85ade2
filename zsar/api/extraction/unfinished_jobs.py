"""Which videos an extraction has left: those whose file is missing, or outdated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsar.api.extraction.extraction import Extraction, VideoJob
from zsar.lightning_modules.localization.stored.caption_files import CaptionFileError
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError
from zsar.lightning_modules.localization.stored.source_videos import VideoSource, replaced_video
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.files.file_names import name_problem
from zsar.runtime.shards.stored_videos import stored_problem
from zsar.runtime.terminal import say


def unfinished_jobs(jobs: Sequence[VideoJob], extraction: Extraction, backbone: OpenClipBackbone) -> list[VideoJob]:
    """The videos whose file is missing, or outdated as it is of another video, which is reported.

    Args:
        jobs: The videos.
        extraction: The extraction.
        backbone: The model.

    Raises:
        FeatureFileError, CaptionFileError: An existing file is damaged or was made with other settings.
    """
    left: list[VideoJob] = []
    wrong: list[FeatureFileError | CaptionFileError] = []
    for job in jobs:
        if name_problem(job.destination) is not None or not job.destination.exists():
            left.append(job)  # a name that is too long is reported by the extraction
            continue
        try:
            extraction.check_finished(job, backbone)
            source = extraction.source_of(job)
            if source is not None and stored_problem(job.source) is not None:
                left.append(job)  # reported when it is read
                continue
            reason = None if source is None else _outdated(source, job.source, extraction)
            if reason is not None:
                say(f"{job.destination} is made again: {reason}", error=True)
                left.append(job)
        except (FeatureFileError, CaptionFileError) as error:
            wrong.append(error)
    if wrong:
        more = f" ({len(wrong) - 1} more files do not fit either)" if len(wrong) > 1 else ""
        raise type(wrong[0])(f"{wrong[0]}{more}")
    return left


def _outdated(source: VideoSource, video: Path, extraction: Extraction) -> str | None:
    """Why an existing file is outdated, in words; None if it is not."""
    if source.n_damaged and extraction.on_damage == "raise":
        return f"it holds {source.n_damaged} damaged frames, which --on_damage accept would accept"
    return replaced_video(source, video)
