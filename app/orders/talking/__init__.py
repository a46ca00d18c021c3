"""What people say about an order: questions, answers, comments, urging, missed visits."""
