"""The sections of a report, a file each: a function that makes one, or None where a run has nothing for it."""
