"""Numbers behind maps of embeddings: projection, separation of classes, spread of frames and of texts."""
