"""From frame and class embeddings to scores: each scorer's mathematics in its own file."""
