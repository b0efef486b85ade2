"""The check that `zsar doctor` is asked for: the data module, and what of it is checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.diagnosis.diagnosis import Stage, stages_of
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.doctor.doctor_options import DoctorRequest
from zsar.lightning_modules.command_line.fit_and_test.trimmed_data import built_data
from zsar.runtime.processes.cpu_count import cpu_count


@dataclass(frozen=True)
class RequestedCheck:
    """What is checked and how.

    Attributes:
        module: The data.
        stages: Whether the data for training, for testing, or both are checked.
        share: Share of each set's videos to decode, 0 to 1.
        compare_contents: Whether the contents of files of the same size are compared.
        n_workers: Processes that decode; 0 to decode in this one.
        output: The folder to write to.
    """

    module: TrimmedVideoDataModule
    stages: tuple[Stage, ...]
    share: float
    compare_contents: bool
    n_workers: int
    output: Path

    @property
    def journal(self) -> Path:
        """The file that records which videos decode without error."""
        return self.output / "checked.jsonl"


def requested_check(options: DoctorRequest) -> RequestedCheck:
    """Builds the data module of a command line.

    Args:
        options: The parsed command line.

    Raises:
        ValueError: A setting is out of range, a config file describes no data, or the data set has no such stage.
        FileNotFoundError: There is no such config file.
    """
    module = built_data(options.data_arguments, command="doctor")
    stages = tuple(stage for stage in stages_of(module) if options.stage in (stage, "all"))
    if not stages:
        raise ValueError(
            f"{type(module).__name__} is for testing only: --stage {options.stage} leaves nothing to check"
        )
    n_workers = options.workers.n_workers
    return RequestedCheck(
        module=module,
        stages=stages,
        share=options.share,
        compare_contents=options.hash,
        n_workers=cpu_count() if n_workers is None else n_workers,
        output=options.output,
    )
