"""Errors of recognition: confused classes, mistakes, and whether probabilities can be trusted."""
