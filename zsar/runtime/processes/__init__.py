"""Processes: pools that survive a crash, workers that end with their parent, signals, and the number of CPUs."""
