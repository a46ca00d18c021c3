"""The deadlines of subjects: the facts about a subject, and the dates that follow from them."""
