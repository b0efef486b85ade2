from pathlib import Path

import torch

from zsar.lightning_modules.command_line.profile.machine import cpu_name, machine_record, versions_record


def test_the_processor_is_named_as_linux_names_it(tmp_path: Path) -> None:
    (file := tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Fast  CPU @ 2 GHz\nmodel name\t: other\n")
    assert cpu_name(file) == "Fast CPU @ 2 GHz"
    assert cpu_name(tmp_path / "none")


def test_a_cpu_has_no_gpu() -> None:
    record = machine_record(torch.device("cpu"))
    assert (record["device"], record["gpu"], record["gpu_memory_mb"]) == ("cpu", None, None)
    assert record["threads"] == torch.get_num_threads()
    assert record["processors"] >= 1


def test_versions_are_those_that_are_installed() -> None:
    versions = versions_record()
    assert versions["torch"] == torch.__version__.split("+")[0] or versions["torch"] == torch.__version__
    assert set(versions) == {"zsar", "python", "torch", "lightning", "open_clip_torch", "av"}
