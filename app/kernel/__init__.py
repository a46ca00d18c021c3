"""What every room stands on: clock, database, errors, events, HTTP; it knows no domain."""
