"""zsar: zero-shot action recognition in video."""
