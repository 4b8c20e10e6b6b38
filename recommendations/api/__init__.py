"""The API of the recommender."""
