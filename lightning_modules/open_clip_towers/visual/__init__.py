"""The visual towers: frames to tokens, blocks, pooling, projection."""
