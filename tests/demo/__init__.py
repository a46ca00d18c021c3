"""The demo data: plausible, complete, and without anything personal in clear."""
