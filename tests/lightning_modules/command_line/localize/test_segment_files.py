import csv
from pathlib import Path

from zsar.lightning_modules.command_line.localize.segment_files import (
    COLUMNS,
    WrittenSegment,
    write_subtitles,
    write_table,
)

SEGMENTS = (
    WrittenSegment(0.25, 2.5, "cutting bread", 0.754, suppressed=False),
    WrittenSegment(3.0, 4.0, "cutting bread", 0.625, suppressed=True),
    WrittenSegment(3725.0004, 3725.0004, 'a "b", c', 0.5, suppressed=False),
)


def test_subtitles_have_a_cue_for_each_segment_that_was_kept(tmp_path: Path) -> None:
    path = write_subtitles(tmp_path / "v.srt", SEGMENTS)
    assert path.read_text() == (
        '1\n00:00:00,250 --> 00:00:02,500\ncutting bread (0.75)\n\n2\n01:02:05,000 --> 01:02:05,001\na "b", c (0.50)\n'
    )


def test_subtitles_of_nothing_are_an_empty_file(tmp_path: Path) -> None:
    assert write_subtitles(tmp_path / "v.srt", SEGMENTS[1:2]).read_text() == ""


def test_the_table_has_all_segments_and_is_read_back(tmp_path: Path) -> None:
    with write_table(tmp_path / "v.csv", SEGMENTS).open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        list(COLUMNS),
        ["0.25", "2.5", "cutting bread", "0.754", "false"],
        ["3.0", "4.0", "cutting bread", "0.625", "true"],
        ["3725.0004", "3725.0004", 'a "b", c', "0.5", "false"],
    ]
