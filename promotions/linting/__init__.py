"""What is wrong with a shop's promotions, found without waiting for a shopper: pure, and bounded in work.

``world``: what is looked at, as plain values. ``logic``: conditions that nothing can meet. ``carts``: a cart made for a
promotion, and for those that could take the same unit. ``checking``: the findings, each with the promotions concerned and,
where prices are the matter, a cart that the engine decided.
"""
