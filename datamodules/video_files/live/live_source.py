"""LiveSource: what a user may name as a live source, and how it is opened.

FFmpeg opens more than a user means: `concat:`, `subfile:` and `file:` name other files, and playlists name files and
addresses. Each kind of source is therefore opened with the formats and protocols that it needs, and no others.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Literal

import av
from av.container import InputContainer
from av.format import ContainerFormat

from zsar.datamodules.video_files.live.waiting_input import WaitingInput
from zsar.datamodules.video_files.mp4_claims import check_claims
from zsar.datamodules.video_files.openable_files import OPEN_OPTIONS, names_other_files
from zsar.runtime.files.plain_files import file_problem
from zsar.runtime.files.video_errors import VideoDecodeError

Kind = Literal["file", "pipe", "device", "address"]

STANDARD_INPUT = "-"
SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "srt")
"""What an address may begin with."""
DEVICE_FORMATS = ("v4l2", "video4linux2", "x11grab", "kmsgrab", "fbdev", "avfoundation", "dshow", "gdigrab")
"""FFmpeg's names of what captures: a camera or a screen."""
LOST = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
"""What PyAV raises if the other side ends a connection that is not done."""
INDEX_AT_END = (
    "an MP4 file whose index is at its end is read when it is whole, by its name; to read while it is written, or from "
    "a pipe, give MPEG-TS or Matroska"
)
_FILE_FORMATS = tuple(OPEN_OPTIONS["format_whitelist"].split(","))
_ADDRESS_FORMATS = (*_FILE_FORMATS, "rtsp", "rtp", "hls")
_ADDRESS_PROTOCOLS = "rtsp,rtsps,rtp,srtp,rtmp,rtmps,http,https,httpproxy,tls,crypto,tcp,udp,srt"  # no file
_PASSWORD = r"(?<=://)([^/?#@:]*):[^/?#]*@"  # up to the last @ before the path, as FFmpeg reads it
_BROKEN_PASSWORD = r"(?<=://)([^/?#@:]*):(?!\d+[/?#]).*@"  # it has a slash, ? or #, which had to be written as %2F
_NOUNS = {"file": "a file", "pipe": "a pipe", "device": "a device", "address": "an address"}


@dataclass(frozen=True)
class LiveSource:
    """A live source.

    Attributes:
        name: A file, a named pipe, "-" for the standard input, a device (/dev/video0), or an address (rtsp://...).
        format: FFmpeg's name of its format, which a device other than /dev/video* needs; None to detect it.
        follow: Whether the file is still written to: its end is waited for.
        real_time: Whether a file is played in real time; False reads it as fast as its windows are taken.
    """

    name: str
    format: str | None = None
    follow: bool = False
    real_time: bool = True

    @property
    def shown_name(self) -> str:
        """The name for messages, without a password."""
        shown, n_found = re.subn(_PASSWORD, r"\1:***@", self.name)
        return shown if n_found else re.sub(_BROKEN_PASSWORD, r"\1:***@", self.name)

    @property
    def is_played(self) -> bool:
        """Whether it is a file that is played in real time."""
        return self.real_time and not self.follow and self.kind == "file"

    @property
    def comes_in_order(self) -> bool:
        """Whether it is read from beginning to end as data comes, as a pipe or a growing file is."""
        return self.follow or self.kind == "pipe"

    @property
    def kind(self) -> Kind:
        """What the name means.

        Raises:
            VideoDecodeError: It is none of these.
        """
        if self.name == STANDARD_INPUT:
            return "pipe"
        mode = _mode_of(self.name)
        if stat.S_ISREG(mode):
            return "file"
        if stat.S_ISFIFO(mode):
            return "pipe"
        if stat.S_ISCHR(mode) or self.format in DEVICE_FORMATS:
            return "device"
        scheme, separator, _ = self.name.partition("://")
        if separator and scheme.lower() in SCHEMES:
            return "address"
        addresses = ", ".join(f"{name}://" for name in SCHEMES)
        if separator:
            raise VideoDecodeError(
                f"{self.shown_name}: an address begins with {addresses}; a file is named by its path"
            )
        problem = file_problem(self.name) or f"{self.name}: it is not a file, a pipe or a device"
        raise VideoDecodeError(f"{problem}; a live source is a file, a pipe, a device, or an address ({addresses})")

    def check(self) -> None:
        """Checks what can be checked without opening the source.

        Raises:
            VideoDecodeError: There is no such source, or it cannot be read.
            ValueError: The format is not one of a live source, or an option does not fit the kind of source.
        """
        kind, noun = self.kind, f"{self.shown_name} is {_NOUNS[self.kind]}"
        if self.follow and kind != "file":
            raise ValueError(f"only a file can be followed as it grows; {noun}, which is read as data comes")
        if not self.real_time and (self.follow or kind != "file"):
            why = "it is followed as it grows" if self.follow else noun
            raise ValueError(f"only a whole file can be read faster than real time; {why}")
        self._check_format(kind)
        if kind == "file" and (problem := file_problem(self.name)) is not None and not self.follow:
            raise VideoDecodeError(problem)
        if self.name == STANDARD_INPUT and _is_terminal_or_closed(0):
            raise VideoDecodeError("- reads a video from the standard input, to which nothing is piped; pipe one")

    def _check_format(self, kind: Kind) -> None:
        allowed = DEVICE_FORMATS if kind == "device" else _ADDRESS_FORMATS if kind == "address" else _FILE_FORMATS
        if kind == "device" and self._device_format is None:
            raise ValueError(f"{self.name}: give the format of this device, one of {', '.join(DEVICE_FORMATS)}")
        if self.format is None:
            return
        if self.format not in allowed:
            named = ", ".join(allowed if kind == "device" else ("mpegts", "matroska", "mjpeg", "h264", "..."))
            raise ValueError(f"{self.format!r} is not a format of {_NOUNS[kind]}; give one of {named}, or leave it out")
        try:
            ContainerFormat(self.format, "r")
        except ValueError:
            raise ValueError(f"this build of FFmpeg cannot read the format {self.format!r}") from None

    @property
    def _device_format(self) -> str | None:
        if self.format is not None:
            return self.format
        return "v4l2" if sys.platform == "linux" and re.fullmatch(r"/dev/video\d+", self.name) else None

    @contextmanager
    def opened(self, stopped: threading.Event, timeout_seconds: float) -> Iterator[InputContainer]:
        """Opens the source for the block.

        Args:
            stopped: When set, a pipe or a growing file ends.
            timeout_seconds: How long an address may take to connect, and to send each packet.

        Raises:
            VideoDecodeError: It cannot be opened.
        """
        kind, options = self.kind, dict(OPEN_OPTIONS)
        if self.comes_in_order:
            with WaitingInput(self.name, grows=self.follow, stopped=stopped) as data:
                yield from self._held(data, options)
            return
        name = self.name
        if kind == "file":
            check_claims(name)
            name = f"file:{name}"  # FFmpeg would parse "a:b.mp4" as a protocol
        elif kind == "device":
            options |= {"format_whitelist": self._device_format or ""}
        else:
            options |= {"format_whitelist": ",".join(_ADDRESS_FORMATS), "protocol_whitelist": _ADDRESS_PROTOCOLS}
            # FFmpeg's own: PyAV's timeout asks Python for the time, which crashes a program that ends meanwhile.
            options["rw_timeout"] = str(round(1e6 * timeout_seconds))
            if name.lower().startswith(("rtsp", "udp")):  # which have one of their own; of rtmp it has another meaning
                options["timeout"] = options["rw_timeout"]
            if name.lower().startswith("rtsp"):
                options["rtsp_transport"] = "tcp"  # UDP often does not pass routers, and loses packets
        yield from self._held(name, options, timeout_seconds if kind == "address" else inf)

    def _held(
        self, file: str | WaitingInput, options: dict[str, str], timeout_seconds: float = inf
    ) -> Iterator[InputContainer]:
        chosen, began = self._device_format if self.kind == "device" else self.format, time.monotonic()
        try:
            container = av.open(file, mode="r", format=chosen, options=options, metadata_errors="replace")
        except Exception as error:  # PyAV raises more than its own errors
            has_timed_out = isinstance(error, TimeoutError) or time.monotonic() - began >= timeout_seconds
            reason = "nothing came from it in time" if has_timed_out else self._reason(error)
            raise VideoDecodeError(f"{self.shown_name}: {reason}") from None
        try:
            yield container
        finally:
            container.close()

    def _reason(self, error: Exception) -> str:
        reason = reason_of(error)
        if isinstance(error, av.ProtocolNotFoundError):
            return f"this build of FFmpeg has no {self.name.partition(':')[0]}"
        if isinstance(error, av.ArgumentError | av.InvalidDataError):
            if self.kind == "file" and names_other_files(self.name):
                return "it is a playlist or script that names other files; give the video itself"
            return f"it cannot be read as a video ({reason}); if it is one, give its format"
        return f"it cannot be opened ({reason})"


def reason_of(error: Exception) -> str:
    """The cause of an error of PyAV, in words."""
    if isinstance(error, LOST):
        return "the connection was lost"  # "reset by peer" would look like the death of a worker
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _mode_of(name: str) -> int:
    try:
        return os.stat(name).st_mode
    except (OSError, ValueError):  # not there, or a name that no file can have
        return 0


def _is_terminal_or_closed(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor) or os.path.samestat(os.fstat(descriptor), os.stat(os.devnull))
    except OSError:
        return True
