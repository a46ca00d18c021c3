"""Files: pictures and voice notes that people upload, and documents that the program makes."""
