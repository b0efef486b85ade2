"""Selected frames of a video file: exactly those of a full decoding, at a fraction of its cost (PyAV).

Frame i is the i-th frame, from 0, in display order. It is found in one of two ways:

* `TimedFrames`, for files whose time stamps can be trusted: lists the packets without decoding them, which gives each
  frame's time and the keyframe that it depends on. Decodes each group of wanted frames from its keyframe, skipping
  frames that no other frame refers to (`skip_frame = "NONREF"`), and identifies every frame by its time stamp.
* `CountedFrames`, for all others (AVI with reordered or packed B-frames, raw streams, interlaced fields, VP8, ...):
  decodes everything in order and counts.

The first hands over to the second as soon as the decoded frames do not match the packet index. Either way, only the
wanted frames are converted to RGB, the most expensive step after decoding. FFmpeg's log stays silent, the default of
PyAV; errors are reported by `VideoDecodeError`.

Damage. A frame is damaged if the decoder flags it as corrupt, fails at its packet or returns no frame for it, or if
this holds for a packet between the last keyframe shown up to this frame and the frame's own packet, in decoding order.
Packets that no frame refers to, as far as the decoder can tell, affect only their own frame. This depends only on the
file: any sign of damage, in either way of reading, makes the reader decode the whole file once to find the affected
frames. Sound files are never decoded for this. Damage that no decoder reports is not detected (VP8, VP9, FFV1, most of
HEVC; see `video_files.careful_decoding`). Such a frame still has the same pixels however it is requested, with one
exception: if H.264 packets are lost without a sign in the container, a frame that refers to them may differ when read
by index. By default, every request for a damaged frame raises a `VideoDecodeError` that names the file and the frame;
frames before and after it that do not depend on it are returned.

The player's clock. All times are presentation times in seconds after the container's start, as a player displays them.
The start is the earliest start of its sound and real video streams (cover pictures, thumbnails, subtitles and data do
not count). If the picture starts 2 s after the sound, its first frame is at 2.00 s. If the video starts first or has no
sound, its first frame is at 0. No time is negative. Sound starts with its first audible sample, not with the samples
that prime its decoder. The end of a video is the end of its last frame, even if its sound lasts longer.
"""

from zsar.datamodules.video_files.decoding.video_reader import VideoReader, read_frames
from zsar.datamodules.video_files.video_file import VideoDecodeError

__all__ = ["VideoDecodeError", "VideoReader", "read_frames"]
