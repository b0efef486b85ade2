"""Reading video files (PyAV)."""
