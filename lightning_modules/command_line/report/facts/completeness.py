"""Whether a run is complete, in sentences."""

from __future__ import annotations

from zsar.lightning_modules.command_line.report.facts.run_facts import counts, epochs
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part


def completeness(run: ReportedRun) -> list[str]:
    """Whether a run is complete: a sentence that begins with Yes or No, and others on what is missing."""
    trained = epochs(run)
    unfinished = trained is not None and trained[1] is not None and trained[0] < trained[1]
    if run.main_stage is None:
        if trained is None:
            return ["No: there is nothing in the folder that can be read as a result."]
        of = "" if trained[1] is None else f" of {trained[1]}"
        state = "the training is unfinished" if unfinished else "it was not tested"
        return [f"No: {state}; {trained[0]:.0f}{of} epochs of training are done."]
    said = [_all_seen(run)]
    if unfinished and trained is not None:
        said.append(f"The training did {trained[0]:.0f} of {trained[1]} epochs.")
    n_damaged = part(run.main_result, "n_damaged_frames", kind=int)
    return said + ([f"{n_damaged:,} damaged frames were accepted."] if n_damaged else [])


def _all_seen(run: ReportedRun) -> str:
    seen, done = counts(run), {"validate": "validated", "predict": "predicted"}.get(str(run.main_stage), "tested")
    if run.is_partial:
        n = seen.evaluated + seen.failed
        which = f"{n:,} of {seen.listed:,} videos were" if 0 < n < seen.listed else "a part of the videos was"
        return f"No: only {which} {done}, as a limit on batches was set."
    if not seen.listed:
        return f"Yes, as the result says; how many videos were {done} is not recorded."
    if seen.failed and run.main_stage == "test":
        count = "counts" if seen.failed == 1 else "count"
        return f"Yes: all {seen.listed:,} videos count; {seen.failed:,} could not be decoded and {count} as wrong."
    if seen.failed:
        are = "is" if seen.failed == 1 else "are"
        return f"No: {seen.failed:,} of {seen.listed:,} videos could not be decoded and {are} left out."
    return f"Yes: all {seen.listed:,} videos were {done}, and each could be decoded."
