"""Screens of the recommender, one module per subject."""
