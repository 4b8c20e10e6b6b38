"""Writes of the orders app, one module per use case: placement, shipments, returns, cancellation."""
