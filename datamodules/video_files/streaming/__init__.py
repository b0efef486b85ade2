"""Whole videos as streams of small chunks: the frames of one video, or of several in parallel."""

from zsar.datamodules.video_files.streaming.frame_stream import FrameStream
from zsar.datamodules.video_files.streaming.frame_stride import LEAST_STRIDE_SECONDS, FrameStride, TimedFrames
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
    "TimedFrames",
    "VideoChunk",
    "VideoEnded",
    "VideoOpened",
    "stream_videos",
]
