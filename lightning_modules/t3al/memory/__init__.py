"""What T3AL may remember of all videos of a test: class prototypes (LLT at T = 0)."""
