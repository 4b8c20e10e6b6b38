"""What recommendations earn: who was shown what, who clicked, what was bought, and what a holdout bought without them.

``tickets``: the id of an answer, which carries what was answered. ``telling``: events of one answer as tracking events.
``folding``: tracked events as impressions and clicks. ``figures``: what they come to, per day and per person. Who is held
back, and how sure one can be of a difference, is in ``core.measuring``.
"""
