"""What a run hands to Weights & Biases: how it was made, tables, and files as artifacts."""
