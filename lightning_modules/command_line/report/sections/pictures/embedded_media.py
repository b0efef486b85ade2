"""Pictures, clips and videos of run folders as parts of a page, of a bounded size.

A picture is decoded and written again as WebP, so that what a page holds is an image, and a small one. Clips (WebP) and
videos (MP4) are taken as they are, if they are what their role says and small enough.
"""

from __future__ import annotations

import io
import struct
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup
from PIL import Image

MOST_BYTES = 10_000_000
"""Of the media of a section, as base64: two such sections and the predictions stay below 30 MB."""

_LARGEST_PX = 1600  # longer side of a picture
_QUALITY = 84
_MOST_CLIP_BYTES = 150_000
_MOST_VIDEO_BYTES = 1_500_000
_MOST_FILE_BYTES = 60_000_000
_MP4_MARK = b"ftyp"


@dataclass(frozen=True)
class Media:
    """A part of a page.

    Attributes:
        uri: "data:image/webp;base64,...", which needs no escaping.
        width: Width in pixels; 0 for a video.
        height: Height in pixels; 0 for a video.
        still: The first frame of a clip, in the same form.
    """

    uri: Markup
    width: int = 0
    height: int = 0
    still: Markup = Markup()


@dataclass
class MediaBudget:
    """What a section may embed, and what did not fit.

    Attributes:
        most_bytes: Of all media of the section, as base64.
        left_out: Files that are not embedded, each with the cause.
    """

    most_bytes: int = MOST_BYTES
    left_out: list[str] = field(default_factory=list)
    _used: int = 0

    def picture(self, path: Path) -> Media | None:
        """A picture as WebP, at most 1600 pixels wide and high.

        Args:
            path: A file that Pillow reads.

        Returns:
            It; None if it cannot be read or does not fit, which is noted.
        """
        try:
            _check_size(path, _MOST_FILE_BYTES)
            with Image.open(path) as image:
                image.thumbnail((_LARGEST_PX, _LARGEST_PX))
                content, size = _as_webp(image), image.size
        except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
            self._leave_out(path, f"cannot be read: {error}")
            return None
        return self._embedded(path, "image/webp", content, size)

    def clip(self, path: Path) -> Media | None:
        """A short animated WebP, as it is.

        Args:
            path: The file.

        Returns:
            It; None if it is something else, is too large or does not fit, which is noted.
        """
        try:
            _check_size(path, _MOST_CLIP_BYTES)
            with Image.open(path, formats=["WEBP"]) as image:
                size, still = image.size, _as_webp(image)
            content = path.read_bytes()
        except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
            self._leave_out(path, f"cannot be shown: {error}")
            return None
        clip = self._embedded(path, "image/webp", content, size)
        first = None if clip is None else self._embedded(path, "image/webp", still, size)
        return None if clip is None or first is None else replace(clip, still=first.uri)

    def video(self, path: Path) -> Media | None:
        """A short MP4, as it is.

        Args:
            path: The file.

        Returns:
            It; None if it is something else, is too large or does not fit, which is noted.
        """
        try:
            _check_size(path, _MOST_VIDEO_BYTES)
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            self._leave_out(path, f"cannot be shown: {error}")
            return None
        if content[4:8] != _MP4_MARK:
            self._leave_out(path, "is not an MP4 file")
            return None
        return self._embedded(path, "video/mp4", content, (0, 0))

    def _embedded(self, path: Path, kind: str, content: bytes, size: tuple[int, int]) -> Media | None:
        encoded = b64encode(content).decode()
        if self._used + len(encoded) > self.most_bytes:
            self._leave_out(path, f"does not fit: the section holds {self.most_bytes / 1e6:.0f} MB of pictures")
            return None
        self._used += len(encoded)
        return Media(Markup(f"data:{kind};base64,{encoded}"), *size)

    def _leave_out(self, path: Path, cause: str) -> None:
        self.left_out.append(f"{path} {cause}")


def _as_webp(image: Image.Image) -> bytes:
    """The picture, or the first frame of an animated one."""
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "WEBP", quality=_QUALITY, method=4)
    return stream.getvalue()


def _check_size(path: Path, most_bytes: int) -> None:
    """Checks that a path leads to a file of a size that can be read.

    Raises:
        ValueError: It is no regular file, or larger.
    """
    if not path.is_file():
        raise ValueError("it is not there, or is not a regular file")
    if (n_bytes := path.stat().st_size) > most_bytes:
        raise ValueError(f"{n_bytes / 1e6:.1f} MB, above {most_bytes / 1e6:g} MB")
