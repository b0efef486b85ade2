"""The error of a video file that cannot be read; nothing has to be imported to name it."""

from __future__ import annotations


class VideoDecodeError(RuntimeError):
    """A video file that cannot be read; the message names the file and the cause.

    The message is its only argument, so that it survives pickling.
    """
