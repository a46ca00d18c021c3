"""The queries of imports, exports and banners, a module for each noun."""
