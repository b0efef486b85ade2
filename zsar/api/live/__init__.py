"""Answers for live video: cameras, addresses, pipes, growing files, and files played in real time."""
