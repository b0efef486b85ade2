"""Files: whole or not there, checked before they are opened, the same or another."""
