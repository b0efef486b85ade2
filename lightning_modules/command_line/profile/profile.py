"""`zsar profile`: what experiments cost: parameters, GFLOPs, time, memory and decoding."""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch

from zsar.api.devices import device_names
from zsar.lightning_modules.command_line.profile.machine import machine_record, versions_record
from zsar.lightning_modules.command_line.profile.measured_row import measured_row
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import render_clip
from zsar.lightning_modules.command_line.profile.profile_files import check_charts, check_output, write_profile
from zsar.lightning_modules.command_line.profile.profile_options import ProfileRequest
from zsar.lightning_modules.command_line.profile.profile_table import profile_tables
from zsar.lightning_modules.command_line.profile.requested_rows import requested_rows
from zsar.lightning_modules.command_line.profile.row_results import check_results, with_results
from zsar.lightning_modules.command_line.summarize.report_table import print_tables
from zsar.runtime.terminal import message_console, result_console, say, tracked


def run(options: ProfileRequest) -> int:
    """Measures all rows, prints their table and writes it.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        BackboneError: A CLIP model cannot be built.
        FileNotFoundError: There is no such experiment.
        ValueError: Options contradict each other or an experiment.
    """
    for path in options.output:
        check_output(path)
    rows = requested_rows(options)
    check_charts(options.output, n_localizers=sum(row.is_localizer for row in rows), n_rows=len(rows))
    check_results(len(rows), options.results)  # before the work
    device = torch.device(device_names(options.device.device, 1)[0])
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")  # of the loader of one batch
        rendered = Path(folder) if options.parts == ("count",) else render_clip(Path(folder))
        shown = tracked(rows, "measuring", console=message_console())
        records = [measured_row(row, options, rendered) for row in shown]
    records = with_results(records, options.results)
    profile: dict[str, Any] = {
        "zsar_profile": 1,
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine_record(device),
        "versions": versions_record(),
        "rows": records,
    }
    print_tables(result_console(), profile_tables(records, profile["machine"]))
    for path in options.output:
        say(f"wrote {write_profile(path, profile)}")
    return 0
