"""Categories: the tree of what residents ask for, with the rules and questions of each category."""
