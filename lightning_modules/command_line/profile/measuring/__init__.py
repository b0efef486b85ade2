"""What is timed, on what, and how."""
