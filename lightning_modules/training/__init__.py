"""How models are trained: optimization, checkpoints, pretraining."""
