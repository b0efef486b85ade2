"""What a video may claim at most: limits that are checked before memory is taken, whatever a file's headers say."""

from __future__ import annotations

__all__ = ["MOST_ASPECT", "MOST_FRAMES", "MOST_PIXELS", "MOST_RESULT_BYTES", "too_large"]

# Pixels of one picture: 8K video. A decoder may hold 17 of them, 50 MB each; FFmpeg itself allows 60 times as many.
MOST_PIXELS = 8192 * 4320
# How many times as long as the short side the long side of a picture is: resized to a short side of 224 px, the long
# side becomes 28,672 px, 20 MB. A picture of 65,535 x 1 px would take 10 GB.
MOST_ASPECT = 128
# Frames of one video: 23 hours at 60 frames a second. Their list takes about 100 bytes each.
MOST_FRAMES = 5_000_000
# Bytes of the frames that are given at once: 40 frames of 8K, 690 of 1920 x 1080, 18,000 of 340 x 256.
MOST_RESULT_BYTES = 4 * 2**30


def too_large(width_px: int, height_px: int) -> str | None:
    """What is wrong with a size of picture, in words; None if nothing is.

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
