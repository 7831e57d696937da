"""lr and momentum as pure functions of the step. No torch."""
