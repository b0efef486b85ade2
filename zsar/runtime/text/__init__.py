"""Text files of the user, read exactly or rejected with file and line."""
