"""Acts by the clock: the jobs of the timetable, and deadlines that fall due."""
