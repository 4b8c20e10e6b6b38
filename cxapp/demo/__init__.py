"""The demo shop: a seeded generator of believable shops, and what writes them into the database.

The generator (``shop.generate``) is pure: the same seed, size and moment give the same shop. Customers have latent
tastes, products have places in the same space; everything else follows from who buys what, and when.
"""
