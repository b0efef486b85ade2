"""What tests of commands work on: run folders, extraction jobs, a chat server, processes that end early."""
