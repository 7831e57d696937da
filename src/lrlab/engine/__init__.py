"""The training loop and what it needs: state, checkpoints, seeds, device, isolation."""
