"""The back office of customers, one module per subject."""
