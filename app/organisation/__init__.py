"""The organisation: units, places, areas, settings, providers (承办单位) and the phone book."""
