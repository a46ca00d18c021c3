"""Pictures and voice notes: taken in, cleaned, kept, and shown by links that expire."""
