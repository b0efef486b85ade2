"""Files of frame features and of captions, one for each video."""
