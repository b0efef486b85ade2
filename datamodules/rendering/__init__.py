"""What the embedded benchmarks show, rendered from a seed."""
