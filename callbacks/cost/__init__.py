"""What a run costs: time, memory, parameters and the arithmetic of embedding a view."""
