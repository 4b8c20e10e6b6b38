"""Reads about people that span models, one module per subject."""
