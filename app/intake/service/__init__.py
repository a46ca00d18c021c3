"""The verbs of imports, exports and banners, a module for each noun."""
