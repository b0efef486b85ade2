"""Limits on what a video's headers may claim, checked before memory is allocated."""

from __future__ import annotations

__all__ = ["MOST_ASPECT", "MOST_FRAMES", "MOST_PIXELS", "MOST_RESULT_BYTES", "too_large"]

# Pixels of one picture: 8K video. A decoder may hold 17 of them, 50 MB each; FFmpeg itself allows 60 times as many.
MOST_PIXELS = 8192 * 4320
# Maximum ratio of long to short side of a picture: resized to a short side of 224 px, the long side is at most
# 28,672 px, 20 MB. A picture of 65,535 x 1 px would take 10 GB.
MOST_ASPECT = 128
# Frames of one video: 23 hours at 60 frames per second. The index takes about 100 bytes per frame.
MOST_FRAMES = 5_000_000
# Bytes of frames returned at once: 40 frames of 8K, 690 of 1920 x 1080, 18,000 of 340 x 256.
MOST_RESULT_BYTES = 4 * 2**30


def too_large(width_px: int, height_px: int) -> str | None:
    """The problem with a picture size, in words; None if there is none.

    Args:
        width_px: Its width.
        height_px: Its height.
    """
    if max(width_px, height_px) > MOST_ASPECT * min(width_px, height_px):
        return (
            f"a picture of {width_px}x{height_px} px has a side more than {MOST_ASPECT} times as long as the other, "
            "which is the limit; cut or re-encode the video"
        )
    if width_px * height_px <= MOST_PIXELS:
        return None
    return f"a picture of {width_px}x{height_px} px is more than the limit of {MOST_PIXELS} px; re-encode it smaller"
