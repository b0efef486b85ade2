"""The public Python API of zsar."""
