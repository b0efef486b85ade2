"""How a model wants its frames: size, resizing, mean and deviation."""
