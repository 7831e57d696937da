"""The search for the min-lr: where the climb to max-lr should begin."""
