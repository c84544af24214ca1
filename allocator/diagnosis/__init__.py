"""Why nothing fits: what conflicts, what would let something fit, and the allocation that breaks least."""
