"""Tests of `openable_files`: the file that was named is read, and no other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import av
import pytest

from tests.makers.videos.encoded_videos import h264_with_b_frames, write_streams
from zsar.datamodules.video_files.decoding import VideoDecodeError, read_frames
from zsar.datamodules.video_files.openable_files import OPEN_OPTIONS, names_other_files

LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "concat with a comment": "# mine\nffconcat version 1.0\nfile {target}\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{target}</BaseURL></MPD>',
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 96\n",
    "byte order mark": "\ufeff#EXTM3U\n#EXTINF:5,\n{target}\n",
}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".m3u8", ".ffconcat", ".mpd", ".sdp", ""])
@pytest.mark.parametrize("kind", LISTS)
def test_a_text_that_names_other_files_opens_none(kind: str, suffix: str, tmp_path: Path) -> None:
    h264_with_b_frames(tmp_path / "target.mp4")
    (path := tmp_path / f"list{suffix}").write_text(LISTS[kind].format(target=tmp_path / "target.mp4"))
    with pytest.raises(VideoDecodeError, match=rf"list{suffix}: "):
        read_frames(path, [0])
    (path := tmp_path / f"relative{suffix}").write_text(LISTS[kind].format(target="target.mp4"))
    with pytest.raises(VideoDecodeError, match=rf"relative{suffix}: "):
        read_frames(path, [0])


def test_a_playlist_is_named_as_one(tmp_path: Path) -> None:
    (path := tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile b.mp4\n")
    assert names_other_files(str(path))
    with pytest.raises(VideoDecodeError, match="it is a playlist or script that names other files"):
        read_frames(path, [0])
    h264_with_b_frames(path := tmp_path / "b.mp4")
    assert not names_other_files(str(path))


def test_no_format_that_opens_files_or_devices_is_on_the_list() -> None:
    allowed = set(OPEN_OPTIONS["format_whitelist"].split(","))
    dangerous = {"concat", "hls", "dash", "imf", "sdp", "rtp", "rtsp", "sap", "image2", "image2pipe", "lavfi", "vobsub"}
    dangerous |= {"vapoursynth", "avisynth", "tedcaptions", "webm_dash_manifest", "ffmetadata", "svg_pipe", "iamf"}
    assert not allowed & dangerous
    for name in allowed & av.formats_available:
        try:
            demuxer = av.format.ContainerFormat(name, "r")
        except ValueError:
            continue  # it is known for writing only
        assert not demuxer.no_file, name


def test_a_reference_from_mp4_to_another_file_is_not_followed(tmp_path: Path) -> None:
    """A track's data reference that says "in the file x" instead of "in this file"."""
    write_streams(tmp_path / "target.mp4", [(0, 5, 64)])
    data = (tmp_path / "target.mp4").read_bytes()
    own = b"\0\0\0\x0curl \0\0\0\x01"
    assert own in data
    target = b"file://" + os.fsencode(tmp_path / "target.mp4") + b"\0"
    other = (12 + len(target)).to_bytes(4, "big") + b"url \0\0\0\0" + target
    at = data.index(own)
    grown = bytearray(data[:at] + other + data[at + len(own) :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = grown.index(kind) - 4
        size = int.from_bytes(grown[place : place + 4], "big") + len(other) - len(own)
        grown[place : place + 4] = size.to_bytes(4, "big")
    mdat = grown.index(b"mdat")
    grown[mdat + 4 : mdat + 200] = bytes(196)  # nothing of the pictures is left in the file itself
    (tmp_path / "refers.mp4").write_bytes(grown)
    with pytest.raises(VideoDecodeError, match=r"refers\.mp4: "):
        read_frames(tmp_path / "refers.mp4", [0])


def test_links_and_names_in_other_encodings_are_files_as_any(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    (tmp_path / "link.mp4").symlink_to(path)
    names = [os.fsencode(tmp_path) + b"/film\xe9.mp4", os.fsencode(tmp_path) + b"/a [b]\n:red:.mp4"]
    for name in names:
        shutil.copy(path, name)
    for named in (tmp_path / "link.mp4", *map(os.fsdecode, names)):
        assert read_frames(named, [0]).shape == (1, 3, 48, 64)
