"""What `lrlab doctor` looks at, a subject a file. Each check is a line for people and facts for programs."""
