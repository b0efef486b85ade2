"""The small commands of `zsar`, one a file; with `cli.py` the composition root, which may import everything."""
