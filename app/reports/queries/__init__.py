"""The queries of figures, of the orders behind them, of the zero list and of bulletins."""
