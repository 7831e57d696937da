"""What curves mean: smoothing, suggestions, statistics. numpy, never torch."""
