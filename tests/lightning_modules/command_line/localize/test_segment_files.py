import csv
from pathlib import Path

from zsar.api.localization.localization import Segment
from zsar.lightning_modules.command_line.localize.segment_files import COLUMNS, write_subtitles, write_table

FOUND = (
    (Segment(0.25, 2.5, "cutting bread", 0.754), False),
    (Segment(3.0, 4.0, "cutting bread", 0.625), True),
    (Segment(3725.0004, 3725.0004, 'a "b", c', 0.5), False),
)
KEPT = [segment for segment, suppressed in FOUND if not suppressed]


def test_subtitles_have_a_cue_for_each_segment(tmp_path: Path) -> None:
    path = write_subtitles(tmp_path / "v.srt", KEPT)
    assert path.read_text() == (
        '1\n00:00:00,250 --> 00:00:02,500\ncutting bread (0.75)\n\n2\n01:02:05,000 --> 01:02:05,001\na "b", c (0.50)\n'
    )


def test_subtitles_of_nothing_are_an_empty_file(tmp_path: Path) -> None:
    assert write_subtitles(tmp_path / "v.srt", []).read_text() == ""


def test_the_table_has_all_segments_and_is_read_back(tmp_path: Path) -> None:
    with write_table(tmp_path / "v.csv", FOUND).open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        list(COLUMNS),
        ["0.25", "2.5", "cutting bread", "0.754", "false"],
        ["3.0", "4.0", "cutting bread", "0.625", "true"],
        ["3725.0004", "3725.0004", 'a "b", c', "0.5", "false"],
    ]
