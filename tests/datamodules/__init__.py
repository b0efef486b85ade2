"""Tests of `datamodules`."""
