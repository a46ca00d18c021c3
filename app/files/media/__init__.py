"""What an upload holds, decided by its bytes alone; never by its name or declared type."""
