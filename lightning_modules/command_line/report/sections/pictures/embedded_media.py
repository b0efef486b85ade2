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
        damaged: Those among them that cannot be read, as problems of their run.
    """

    most_bytes: int = MOST_BYTES
    left_out: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    _used: int = 0

    def picture(self, path: Path) -> Media | None:
        """A picture as WebP, at most 1600 pixels wide and high.

        Args:
            path: A file that Pillow reads.

        Returns:
            It; None if it cannot be read or does not fit, which is noted.
        """
        content = self._content(path, _MOST_FILE_BYTES)
        drawn = None if content is None else self._drawn(path, content)
        return None if drawn is None else self._embedded(path, "image/webp", *drawn)

    def clip(self, path: Path) -> Media | None:
        """A short animated WebP, as it is.

        Args:
            path: The file.

        Returns:
            It; None if it is something else, is too large or does not fit, which is noted.
        """
        content = self._content(path, _MOST_CLIP_BYTES)
        still = None if content is None else self._drawn(path, content, formats=["WEBP"])
        if content is None or still is None:
            return None
        clip = self._embedded(path, "image/webp", content, still[1])
        first = None if clip is None else self._embedded(path, "image/webp", *still)
        return None if clip is None or first is None else replace(clip, still=first.uri)

    def video(self, path: Path) -> Media | None:
        """A short MP4, as it is.

        Args:
            path: The file.

        Returns:
            It; None if it is something else, is too large or does not fit, which is noted.
        """
        content = self._content(path, _MOST_VIDEO_BYTES)
        if content is None:
            return None
        if content[4:8] != _MP4_MARK:
            self._note_damage(path, "it is not an MP4 file")
            return None
        return self._embedded(path, "video/mp4", content, (0, 0))

    def _content(self, path: Path, most_bytes: int) -> bytes | None:
        try:
            if not path.is_file():
                raise OSError("it is not there, or is not a regular file")
            n_bytes = path.stat().st_size
            if n_bytes > most_bytes:
                self.left_out.append(f"{path}: {n_bytes / 1e6:.1f} MB, above {most_bytes / 1e6:g} MB")
                return None
            return path.read_bytes()
        except OSError as error:
            self._note_damage(path, str(error))
            return None

    def _drawn(
        self, path: Path, content: bytes, formats: list[str] | None = None
    ) -> tuple[bytes, tuple[int, int]] | None:
        """A picture, or the first frame of an animated one, as WebP with its size."""
        try:
            with Image.open(io.BytesIO(content), formats=formats) as image:
                image.thumbnail((_LARGEST_PX, _LARGEST_PX))
                stream = io.BytesIO()
                image.convert("RGB").save(stream, "WEBP", quality=_QUALITY, method=4)
                return stream.getvalue(), image.size
        except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
            self._note_damage(path, f"it is not a whole {'picture' if formats is None else ' or '.join(formats)}")
            return None

    def _embedded(self, path: Path, kind: str, content: bytes, size: tuple[int, int]) -> Media | None:
        encoded = b64encode(content).decode()
        if self._used + len(encoded) > self.most_bytes:
            self.left_out.append(f"{path}: the section holds {self.most_bytes / 1e6:.0f} MB of pictures")
            return None
        self._used += len(encoded)
        return Media(Markup(f"data:{kind};base64,{encoded}"), *size)

    def _note_damage(self, path: Path, cause: str) -> None:
        self.left_out.append(f"{path}: {cause}")
        self.damaged.append(f"{path}: {cause}; run the test again")
