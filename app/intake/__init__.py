"""Import of orders from files, export of orders as Excel files, and banners (公告) for residents."""
