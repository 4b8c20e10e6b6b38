"""What a promotion earns: who is held out of it, who qualified for it, and what both sides came to.

``drawing``: who is held out. ``exposures``: who qualified at a checkout, in either arm. ``figures``: what they bought.
``showing``: the same as words and charts.
"""
