"""What arrives from the platforms is dispatched here; running turns, actions and start-up recovery."""
