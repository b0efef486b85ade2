"""Chosen frames of a video file: exactly those that full decoding gives, at a fraction of its cost (PyAV).

Frame i is the i-th frame, from 0, in the order in which a player shows them. Two ways lead to it:

* `TimedFrames`, for files whose time stamps can be trusted: the packets are listed without decoding them, which gives
  every frame's time and the keyframe that it depends on. Each group of wanted frames is decoded from its keyframe on,
  without the frames that nothing refers to (`skip_frame = "NONREF"`), and every frame is identified by its time stamp.
* `CountedFrames`, for all others (AVI with reordered or packed B-frames, raw streams, interlaced fields, VP8, ...):
  everything is decoded in order and counted.

The first way hands over to the second as soon as the decoder returns something that the list of packets did not
foretell. Either way only the wanted frames are converted to RGB, which is what costs most after decoding itself.
FFmpeg's log stays silent, as PyAV leaves it; what went wrong is in the `VideoDecodeError`.

Damage. A frame is damaged if the decoder flags it as corrupt, fails at its packet or returns no frame for it, or if
that is so for a packet between the last keyframe that is shown up to this frame and its own packet, in decoding order.
Packets that nothing refers to, as far as the decoder can tell, spoil only their own frame. This depends on the file
alone: any sign of damage, on either way, makes the reader decode the whole file once to find out which frames it
spoils. Sound files are never decoded for that. What no decoder reports cannot be seen (VP8, VP9, FFV1, most of HEVC;
see `video_files.careful_decoding`); such a frame still has the same pixels by every way of asking, with one exception:
where H.264 packets are lost without a sign of it in the container, a frame that refers to them may differ by index. By
default a damaged frame is a `VideoDecodeError` that names the file and the frame, by every way of asking; frames before
and after it that are not built on it are given.

The player's clock. All times are presentation times in seconds after the container's start, which is the earliest start
of its sound and its real video streams (cover pictures, thumbnails, subtitles and data do not count): what a player
shows as the position. A picture that starts 2 s after the sound is at 2.00 s. Where the video starts first or alone,
its first frame is at 0. No time is negative. Sound starts with its first audible sample, not with the samples that only
prime its decoder. The end of a video is the end of its last frame, whether or not its sound lasts longer.
"""

from zsar.datamodules.video_files.decoding.video_reader import VideoReader, read_frames
from zsar.datamodules.video_files.video_file import VideoDecodeError

__all__ = ["VideoDecodeError", "VideoReader", "read_frames"]
