"""Shards: plain tar files that hold the videos of a folder, and the index of where each video lies in them."""
