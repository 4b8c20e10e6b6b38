"""Searching what a shop sells: PostgreSQL full text in the shop's language, re-ranked a little for the person who asks.

``words`` and ``ranking`` are arithmetic on plain values. ``actions`` keep documents, words and synonyms up to date,
``understanding`` turns what was typed into a query, ``queries`` asks PostgreSQL, ``searching`` and ``suggesting`` are the
two ways in.
"""
