"""What all recognizers share: the base, scorers, class embeddings, losses and metrics."""
