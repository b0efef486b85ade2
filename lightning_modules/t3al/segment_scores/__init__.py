"""The scores by which the segments of all videos are ranked, and what each of them is worth."""
