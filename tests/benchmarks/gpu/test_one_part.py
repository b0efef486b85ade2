import json
from pathlib import Path

import pytest

from benchmarks.gpu.one_part import PARTS, run_part
from benchmarks.gpu.setting import Setting


@pytest.mark.slow
def test_all_parts_run_on_tiny_models_on_the_cpu(tmp_path: Path) -> None:
    for name, part in PARTS.items():
        run_part(name, part, Setting("cpu", small=True), tmp_path / "lines")
    rows = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [(row["case"], row["error"]) for row in rows if row["error"]] == []
    assert {row["part"] for row in rows} == set(PARTS)
    assert all(row["rate"] for row in rows)
    compared = [row["record"] for row in rows if row["case"].endswith("as on the CPU?")]
    assert [record["largest_difference"] for record in compared] == [0.0] * 4  # the same device
    assert min(record["moved"] for record in compared) > 0
