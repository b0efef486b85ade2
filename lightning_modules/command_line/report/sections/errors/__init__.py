"""Sections on the answers of recognizers: classes, confusions, calibration, mistakes, all predictions, tuning."""
