"""What staff ask and tell the recommender, one module per screen."""
