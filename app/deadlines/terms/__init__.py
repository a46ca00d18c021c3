"""The terms that hold now: policies, calendars, hours; and who may read or change them."""
