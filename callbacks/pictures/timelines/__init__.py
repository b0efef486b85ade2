"""What a localizer finds when in videos of a test: time lines."""
