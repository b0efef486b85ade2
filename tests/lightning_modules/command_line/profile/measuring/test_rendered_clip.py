from pathlib import Path

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import DESCRIPTION, table_of


def test_the_video_is_as_described_and_moves(rendered: Path) -> None:
    with VideoReader(rendered) as reader:
        assert (reader.n_frames, round(reader.duration_seconds, 3)) == (250, 10.0)
        first, last = reader.frames_at_times([0.0, 9.99])
    assert first.shape == (3, 256, 340)
    assert (first.float() - last.float()).abs().mean() > 10
    assert "10 s, 340x256 px, 25 frames/s, H.264" in DESCRIPTION
    table = table_of(rendered, 3)
    assert [table[row].path for row in range(3)] == [rendered] * 3
    assert len(set(table.all_keys())) == 3
