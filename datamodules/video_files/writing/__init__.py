"""Writing video files (PyAV): rendered ones, and small copies."""
