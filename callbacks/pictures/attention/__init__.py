"""Attention maps: what of each frame a model looks at, and which frames attend to which."""
