"""Figures that papers report, and how a row of runs compares with them."""
