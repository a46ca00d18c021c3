"""The ways in which an order ends or begins again: 评价, 回访, 重办, 研判, 撤单."""
