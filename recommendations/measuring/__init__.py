"""What recommendations earn: who was shown what, who clicked, what was bought, and what a holdout bought without them.

``tickets``: the id of an answer, which carries what was answered. ``holdout``: who is held back. ``telling``: events of
one answer as tracking events. ``folding``: tracked events as impressions and clicks. ``figures``: what they come to, per
day and per person. ``uplift``: how sure one can be of a difference.
"""
