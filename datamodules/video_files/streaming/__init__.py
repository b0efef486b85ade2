"""Whole videos as a stream of small chunks: which frames, of one video, of several at once."""

from zsar.datamodules.video_files.streaming.frame_stream import FrameStream
from zsar.datamodules.video_files.streaming.frame_stride import LEAST_STRIDE_SECONDS, FrameStride
from zsar.datamodules.video_files.streaming.streamed_videos import (
    StreamedVideos,
    VideoChunk,
    VideoEnded,
    VideoOpened,
    stream_videos,
)

__all__ = [
    "LEAST_STRIDE_SECONDS",
    "FrameStream",
    "FrameStride",
    "StreamedVideos",
    "VideoChunk",
    "VideoEnded",
    "VideoOpened",
    "stream_videos",
]
