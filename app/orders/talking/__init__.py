"""People talk about an order: questions, answers, comments, urging, missed visits."""
