from typing import Any

from rich.console import Console

from zsar.lightning_modules.command_line.profile.profile_table import peak_mb, profile_tables, value_at
from zsar.lightning_modules.command_line.summarize.report_table import print_tables

MACHINE = {"gpu": None, "cpu": "Fast CPU", "threads": 2, "processors": 4}


def steps(videos: float, *, device: float | None = None) -> dict[str, Any]:
    return {
        **{"videos_per_second": videos, "frames_per_second": 8 * videos, "videos_per_step": 2, "frames_per_step": 16},
        **{"n_steps": 5, "peak_device_mb": device, "peak_host_mb": 900.0, "above_start_mb": 321.0},
    }


def record(name: str = "t2l", **more: Any) -> dict[str, Any]:
    return {
        **{"name": name, "series": name, "frames_per_view": 8, "gflops_per_view": 293.2, "gflops_per_video": 293.2},
        **{"parameters": {"total": 154_825_473, "trained": 5_204_736}, "counted": "products", "precision": "32-true"},
        **{"classes": {"test": {"n": 400, "prompts_per_class": 1, "source": "names"}}, **more},
    }


def cells(*rows: dict[str, Any]) -> dict[str, Any]:
    (table,) = profile_tables(rows, MACHINE)
    names = [column.header for column in table.columns]
    return dict(zip(names, table.rows[0].cells, strict=True))


def test_counts_alone_have_no_other_columns() -> None:
    assert cells(record()) == {
        **{"model": "t2l", "frames": 8, "par. M": "155", "trained M": "5.20", "GFLOPs": "293"},
    }


def test_what_one_row_lacks_is_a_dash() -> None:
    shown = cells(record("clip", forward=steps(3.0)), record("t2l", forward=steps(3.0), train=steps(1.5)))
    assert (shown["test/s"], shown["train/s"]) == ("3.00", "-")


def test_memory_is_that_of_the_device_else_of_the_process_above_its_start() -> None:
    assert peak_mb(record(forward=steps(1.0)), "forward") == 321
    assert peak_mb(record(forward=steps(1.0, device=55.0)), "forward") == 55
    assert peak_mb(record(), "forward") is None
    assert value_at(record(), "parameters", "none", "deeper") is None


def test_a_sentence_is_written_once_and_names_its_rows_unless_it_holds_for_all() -> None:
    decode = {"of": "a rendered video", "why_rendered": "no file", "test": {"processes_that_feed_the_model": 3}}
    (table,) = profile_tables([record("a", forward=steps(1.0), decode=decode), record("b")], MACHINE)
    assert table.title == "cost on Fast CPU, 2 threads"
    assert table.notes[0] == "GFLOPs of a video: products"
    assert "a: 2 videos a step, 32-true, median of 5 steps; MB: peak of the process, above its start" in table.notes
    assert "a: decoded in one process: a rendered video (no file)" in table.notes
    assert "a: processes that decode as fast as the model works: 3 in test" in table.notes


def test_localizers_have_a_table_of_their_own() -> None:
    localizer = {name: value for name, value in record("t3al").items() if name != "gflops_per_video"}
    localizer |= {"forward": steps(0.5), "minute_of_video": {"n_frames": 60, "features": 2.5, "search": 70.0}}
    recognizers, localizers = profile_tables([localizer, record()], MACHINE)
    assert [row.cells[0] for row in recognizers.rows] == ["t2l"]
    assert [column.header for column in localizers.columns][-2:] == ["features s/min", "search s/min"]
    assert localizers.rows[0].cells[-2:] == ("2.50", "70.0")
    assert any("60 frames of which are read" in note for note in localizers.notes)


def test_the_widest_table_fits_into_100_columns() -> None:
    row = record(
        "moving_shapes_t2l",
        **{"forward": steps(123.0), "tuned": steps(12.3), "train": steps(33.3), "text_seconds": 0.123},
        **{"decode": {"of": "x", "why_rendered": None, "test": {"clips_per_second": 12.3}}, "result": {"value": 98.7}},
    )
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - nothing is written
    print_tables(console, profile_tables([row], MACHINE))
    text = console.export_text()
    assert "98.7" in text
    assert max(map(len, text.splitlines())) <= 100
