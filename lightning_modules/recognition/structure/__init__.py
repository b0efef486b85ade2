"""Distillation of relative structure: what a teacher and the model in training see of random directions."""
