"""The blocks of towers, as methods run them: attention and feed-forward apart."""
