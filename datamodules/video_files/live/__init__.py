"""Live video: cameras, addresses, pipes, growing files, and files played in real time, in bounded memory."""

from zsar.datamodules.video_files.live.live_source import LiveSource
from zsar.datamodules.video_files.live.live_windows import LiveWindow, LiveWindows

__all__ = ["LiveSource", "LiveWindow", "LiveWindows"]
