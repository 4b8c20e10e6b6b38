"""Customers over HTTP, one module per subject."""
