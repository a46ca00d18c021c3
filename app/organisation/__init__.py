"""Units, places, areas, settings, providers and the phone book: where everything else happens."""
