"""What an offline run of Weights & Biases has written, read from its files: what `wandb sync` would upload.

A .wandb file is a log of records as LevelDB has it: a header of 7 bytes, then blocks of 32 KiB with pieces of records,
each with checksum (4 bytes), length (2) and kind (whole, first, middle, last). Records are protocol buffers, whose
classes come with the package in every version.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2 as messages

HEADER, BLOCK, PIECE = 7, 32 * 1024, 7
LONGEST_WAIT_SECONDS = 10
WHOLE, FIRST, MIDDLE, LAST = range(1, 5)


@dataclass
class TrackedRun:
    """A run as it would be uploaded.

    Attributes:
        folder: The folder `offline-run-...`.
        project, group, job_type, name, tags: As W&B shows them.
        config: The configuration.
        summary: The last value of each figure; names of nested ones with ".".
        artifacts: By name: the type, and the local file of each entry.
        files: Paths in `folder / "files"`.
        exit_code: How the run ended; None if it never did.
    """

    folder: Path
    project: str = ""
    group: str = ""
    job_type: str = ""
    name: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, tuple[str, dict[str, Path]]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    exit_code: int | None = None

    def table(self, name: str) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows of a table that was logged."""
        path = self.folder / "files" / self.summary[f"{name}.path"]
        content = json.loads(path.read_text())
        return content["columns"], content["data"]

    def artifact(self, kind: str) -> dict[str, Path]:
        """The files of the only artifact of a type."""
        (found,) = [files for type_, files in self.artifacts.values() if type_ == kind]
        return found


def tracked_runs(run_dir: Path) -> list[TrackedRun]:
    """The offline runs in a run folder, in the order in which they began.

    W&B's own process writes the file, and may have the last part of it in memory when the run has ended: it is waited
    for.
    """
    folders = (run_dir / "wandb").glob("offline-run-*")
    return [_ended(folder) for folder in sorted(folders, key=lambda folder: folder.stat().st_ctime_ns)]


def _ended(folder: Path) -> TrackedRun:
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while (run := _read(folder)).exit_code is None and time.monotonic() < until:
        time.sleep(0.1)
    return run


def _read(folder: Path) -> TrackedRun:
    (path,) = folder.glob("*.wandb")
    run = TrackedRun(folder)
    for data in _records(path.read_bytes()):
        record = messages.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            of_run = record.run
            # A later record changes what it has; what it lacks stays.
            run.project = of_run.project or run.project
            run.group, run.job_type = of_run.run_group or run.group, of_run.job_type or run.job_type
            run.name, run.tags = of_run.display_name or run.name, list(of_run.tags) or run.tags
            _update(run.config, of_run.config.update)
        elif kind == "config":
            _update(run.config, record.config.update)
        elif kind == "summary":
            _update(run.summary, record.summary.update)
        elif kind == "history":
            _update(run.summary, record.history.item)
        elif kind == "artifact":
            entries = {entry.path: Path(entry.local_path) for entry in record.artifact.manifest.contents}
            run.artifacts[record.artifact.name] = (record.artifact.type, entries)
        elif kind == "files":
            run.files += [file.path for file in record.files.files]
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def _update(known: dict[str, Any], updates: Any) -> None:
    for update in updates:
        known[".".join(update.nested_key) or update.key] = json.loads(update.value_json)


def _records(data: bytes) -> Iterator[bytes]:
    if len(data) < HEADER:
        return  # not written yet
    assert data[:4] == b":W&B"
    place, record = HEADER, b""
    while place + PIECE <= len(data):
        left = BLOCK - place % BLOCK
        if left < PIECE:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + PIECE])
        place += PIECE
        if place + length > len(data):
            return  # not yet whole
        record = (b"" if kind in (WHOLE, FIRST) else record) + data[place : place + length]
        place += length
        if kind in (WHOLE, LAST):
            yield record
