"""Files of frame features and of captions, made once for all later runs: their formats, their places, their sources."""
