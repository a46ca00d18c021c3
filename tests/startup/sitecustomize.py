"""What each process of the program does first when a test starts it.

A quarter of a start went into looking for garbage among modules that stay.
"""

import gc

gc.set_threshold(20_000, 20, 20)
