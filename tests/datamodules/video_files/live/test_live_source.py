"""What a user may name as a live source, and that nothing else is opened."""

import ast
import functools
import http.server
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.makers.source_tree import ROOT
from tests.makers.videos.bad_videos import UNOPENABLE
from tests.makers.videos.live_sources import write_stream
from zsar.datamodules.video_files.live.live_source import DEVICE_FORMATS, SCHEMES, LiveSource
from zsar.runtime.files.video_errors import VideoDecodeError


def opened(source: LiveSource) -> Any:
    return source.opened(threading.Event(), 2)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_stream(tmp_path / "a.ts", 8)


def test_the_kinds_of_sources(video: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    kinds = {str(video): "file", str(tmp_path / "pipe"): "pipe", "-": "pipe", os.devnull: "device"}
    kinds |= {f"{scheme}://host/path": "address" for scheme in SCHEMES}
    assert {name: LiveSource(name).kind for name in kinds} == kinds
    assert LiveSource(":0.0", "x11grab").kind == "device"


@pytest.mark.parametrize("scheme", ["file", "concat", "subfile", "pipe", "data", "cache", "async", "ftp", "gopher"])
def test_protocols_that_a_user_does_not_mean_are_not_opened(scheme: str, video: Path) -> None:
    for name in (f"{scheme}://{video}", f"{scheme}:{video}", f"{scheme},,start,0,end,9,,:{video}"):
        with pytest.raises(VideoDecodeError, match=r"rtsp://, .*http://"):
            LiveSource(name).check()


def test_a_file_whose_name_looks_like_a_protocol_is_a_file(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(video.parent)
    video.rename("concat:b.ts")
    source = LiveSource("concat:b.ts")
    source.check()
    with opened(source) as container:
        assert container.streams.video


@pytest.mark.parametrize("name", sorted({*UNOPENABLE} - {"pipe.mp4"}))  # which is a live source
def test_files_that_are_no_videos_are_named(name: str, video: Path, tmp_path: Path) -> None:
    good = write_stream(tmp_path / "good.mp4", 8)
    UNOPENABLE[name](good, tmp_path / name)
    source = LiveSource(str(tmp_path / name))

    def read() -> None:
        source.check()
        with opened(source):
            pass

    with pytest.raises(VideoDecodeError, match=name) as caught:
        read()
    assert "\n" not in str(caught.value)


def test_a_playlist_in_a_file_opens_no_other_file(video: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n")
    with pytest.raises(VideoDecodeError, match="names other files"), opened(LiveSource(str(playlist))):
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\n{}\n#EXT-X-ENDLIST\n"


def test_a_playlist_of_the_web_is_read(web: tuple[Path, str]) -> None:
    folder, address = web
    write_stream(folder / "a.ts", 8)
    (folder / "list.m3u8").write_text(PLAYLIST.format("a.ts"))
    source = LiveSource(f"{address}/list.m3u8")
    source.check()
    with opened(source) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == 8


def test_a_playlist_of_the_web_opens_no_local_file(web: tuple[Path, str], video: Path) -> None:
    folder, address = web
    for number, name in enumerate((f"file://{video}", f"file:{video}", str(video), f"concat:{video}")):
        (folder / f"{number}.m3u8").write_text(PLAYLIST.format(name))
        n_packets = 0
        try:
            with opened(LiveSource(f"{address}/{number}.m3u8")) as container:
                n_packets = sum(1 for packet in container.demux() if packet.size)
        except (VideoDecodeError, av.FFmpegError):
            pass
        assert n_packets == 0, name


def test_passwords_are_not_shown() -> None:
    source = LiveSource("rtsp://me:secret@127.0.0.1:9/cam")
    assert source.shown_name == "rtsp://me:***@127.0.0.1:9/cam"
    with pytest.raises(VideoDecodeError, match="cannot be opened") as caught, opened(source):
        pass
    assert "secret" not in str(caught.value)
    with pytest.raises(VideoDecodeError) as caught:
        LiveSource("ftp://me:secret@host").check()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("password", ["p@ss", "p:ss@", "p/ss", "/p@ss/", "p?ss", "p#ss", "12345"])
def test_no_part_of_a_password_is_shown(password: str) -> None:
    shown = LiveSource(f"rtsp://me:{password}@host:8554/cam").shown_name
    assert shown == "rtsp://me:***@host:8554/cam"


@pytest.mark.parametrize(
    "address", ["http://host:80/a@b.mp4", "http://host/a:b@c.mp4", "rtsp://me@host", "http://h?u:p@x"]
)
def test_an_address_without_a_password_is_shown_as_it_is(address: str) -> None:
    assert LiveSource(address).shown_name == address


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (LiveSource("udp://h:1", follow=True), "only a file can be followed as it grows; udp://h:1 is an address"),
        (LiveSource("udp://h:1", real_time=False), "only a whole file can be read faster than real time; udp"),
        (LiveSource("FILE", follow=True, real_time=False), "faster than real time; it is followed as it grows"),
        (LiveSource("FILE", "concat"), "'concat' is not a format of a file; give one of mpegts"),
        (LiveSource("FILE", "hls"), "'hls' is not a format of a file"),
        (LiveSource("udp://h:1", "concat"), "'concat' is not a format of an address"),
        (LiveSource(os.devnull), "give the format of this device, one of v4l2"),
        (LiveSource(os.devnull, "mpegts"), "'mpegts' is not a format of a device; give one of v4l2"),
    ],
)
def test_what_does_not_fit_the_source_is_an_error(source: LiveSource, message: str, video: Path) -> None:
    name = str(video) if source.name == "FILE" else source.name
    with pytest.raises(ValueError, match=message):
        LiveSource(name, source.format, source.follow, source.real_time).check()


def test_a_format_that_this_ffmpeg_lacks_is_named() -> None:
    available = {name for names in av.formats_available for name in names.split(",")}
    lacking = [name for name in DEVICE_FORMATS if name not in available]
    assert lacking, "no FFmpeg has them all: they belong to different systems"
    with pytest.raises(ValueError, match=f"cannot read the format '{lacking[0]}'"):
        LiveSource("0", lacking[0]).check()


def test_a_camera_is_opened_as_one_and_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def open_(file: str, **settings: Any) -> Any:
        seen.update(settings, file=file)
        raise av.FFmpegError(19, "No such device")

    monkeypatch.setattr(av, "open", open_)
    with pytest.raises(VideoDecodeError, match=r":0.0: it cannot be opened \(No such device\)"):
        opened(LiveSource(":0.0", "x11grab")).__enter__()
    assert seen["file"] == ":0.0"
    assert seen["format"] == seen["options"]["format_whitelist"] == "x11grab"
    assert seen["options"]["protocol_whitelist"] == "file"


@pytest.mark.parametrize("scheme", ["tcp", "http", "rtsp", "rtmp", "udp"])
def test_an_address_from_which_nothing_comes_ends_after_the_timeout(scheme: str) -> None:
    kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as silent:
        silent.bind(("127.0.0.1", 0))
        if scheme != "udp":
            silent.listen()
        port = silent.getsockname()[1]
        if scheme == "udp":
            silent.close()  # FFmpeg listens itself
        source = LiveSource(f"{scheme}://127.0.0.1:{port}/a/b")
        began = time.monotonic()
        with pytest.raises(VideoDecodeError, match="nothing came from it in time"):
            source.opened(threading.Event(), 0.5).__enter__()
        assert time.monotonic() - began < 10


def test_no_file_is_opened_with_a_timeout_of_pyav() -> None:
    """Its callback takes Python's lock in FFmpeg's read, and crashes if Python has ended there."""
    for path in (ROOT / "datamodules" / "video_files").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            is_open = ast.unparse(call.func) == "av.open"
            assert not is_open or "timeout" not in [keyword.arg for keyword in call.keywords], path
