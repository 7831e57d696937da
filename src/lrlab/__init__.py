"""lrlab."""
