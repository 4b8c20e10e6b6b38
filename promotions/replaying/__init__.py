"""A version decided on past orders as if it had been active: what it would have cost, whom it helps, what it displaces.

``past``: the orders as carts, read in batches. ``tally``: what both decisions on each come to (pure). ``running``: the
job. Everybody is taken to have bought what they bought; nothing is foretold.
"""
