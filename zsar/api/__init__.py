"""The public Python API of zsar: everything but the commands, put together. `zsar` offers its names."""
