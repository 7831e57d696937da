"""What is on disk: run folders, their status, journal, provenance and index. Never imports torch."""
