"""The deadlines of subjects: the facts about them, and the dates that follow."""
