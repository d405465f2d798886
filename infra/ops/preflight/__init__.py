"""The go-live checklist as a command: each line passes, fails, or says why it cannot tell."""
