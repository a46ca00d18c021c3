"""The verbs of what comes in, a file a noun."""
