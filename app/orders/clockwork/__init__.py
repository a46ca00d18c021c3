"""What happens to orders by the clock: the timetable's jobs, and deadlines that fall due."""
