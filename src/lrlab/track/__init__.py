"""Where records go: JSONL (the truth), TensorBoard (a view), the console. Sinks are guarded."""
