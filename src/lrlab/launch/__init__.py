"""Trials: what one is, how it is built and run, and how many are driven."""
