"""MTEB, the Massive Text Embedding Benchmark: a recognizer as one of its models, for the video tasks of MVEB."""
