"""The command line: parse, load, call, render. A file per command group, each thin."""
