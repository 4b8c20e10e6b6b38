"""HTML input about customers, one module per subject."""
