"""People: residents, members and staff, their registrations (报到), roles and limits."""
