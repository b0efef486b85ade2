"""When actions happen in long videos."""
