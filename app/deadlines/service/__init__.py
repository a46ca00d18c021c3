"""Facts noted, deadlines kept, ladders climbed, policies and calendars changed."""
