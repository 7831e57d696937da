"""What the user asked for: schema, loading, overrides, explanations. Never imports torch."""
