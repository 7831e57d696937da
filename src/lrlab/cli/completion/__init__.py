"""Completion in a shell: what the words are, and how shells are told. A shell asks at every press of Tab."""
