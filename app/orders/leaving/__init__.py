"""What happens to orders when people or units go away."""
