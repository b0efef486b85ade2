"""Checks of a data set, for `zsar doctor`."""
