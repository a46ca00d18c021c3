"""What holds now: policies, days of the calendar, hours, and who may change them."""
