"""What staff read, try out and publish of policies."""
