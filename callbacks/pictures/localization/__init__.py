"""The picture of what a localizer found in a video."""
