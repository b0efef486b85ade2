"""`make bench`: every benchmark takes part in its table, and one that fails is a row of it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from benchmarks import table

# Scripts that import nothing, so that the test takes no time.
WRITES = (
    'import json, sys\nprint("measured")\nrow = {"what": "quick" if "--quick" in sys.argv else "whole", "unit": "s", '
)
WRITES += '"ours": 1.0}\nopen(sys.argv[sys.argv.index("--rows") + 1], "w").write(json.dumps([row]))\n'
FAILS = 'import sys\nprint("half | done")\nsys.exit("cannot open the clip")\n'
SILENT = "print('no rows')\n"


@pytest.mark.parametrize("name", table.scripts())
def test_every_benchmark_has_a_quick_run_and_writes_rows(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = table.scripts()[name]
    assert "write_rows(" in script.read_text(encoding="utf-8")
    main = runpy.run_path(str(script), run_name="a_benchmark")["main"]
    monkeypatch.setattr("sys.argv", [str(script), "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert {"--quick", "--rows"} <= set(capsys.readouterr().out.split())


def test_the_table_joins_the_rows_of_all_scripts_and_tells_of_those_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("a", WRITES), ("b", FAILS), ("c", SILENT), ("d", WRITES)):
        (tmp_path / f"bench_{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(table, "FOLDER", tmp_path)
    assert table.main(["--quick", "--output", str(tmp_path / "bench")]) == 1
    record: dict[str, Any] = json.loads((tmp_path / "bench" / "bench.json").read_text(encoding="utf-8"))
    assert record["quick"] is True
    assert {"cpu", "processors"} <= set(record["machine"])
    assert {"zsar", "torch", "av"} <= set(record["versions"])
    assert [(row["script"], row["what"], row["note"]) for row in record["rows"]] == [
        ("a", "quick", ""),
        ("b", "bench_b.py fails with exit code 1", "cannot open the clip"),
        ("c", "bench_c.py fails with exit code 0", record["rows"][2]["note"]),
        ("d", "quick", ""),
    ]
    assert "rows.json" in record["rows"][2]["note"]
    text = (tmp_path / "bench" / "bench.md").read_text(encoding="utf-8")
    assert text in capsys.readouterr().out
    assert record["date"] in text
    assert table.main(["a", "--output", str(tmp_path / "bench")]) == 0
    assert "| whole" in (tmp_path / "bench" / "bench.md").read_text(encoding="utf-8")


def test_a_benchmark_that_is_not_there_is_named_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        table.main(["decode"])
    assert "there is no benchmark decode; it is one of classify, decoding, " in capsys.readouterr().err
