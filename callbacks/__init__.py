"""Lightning callbacks: what is done to a model or written down while it runs."""
