"""Beyond the unit: extensions, plans, reporting up, transfer, support, supervision, agreements."""
