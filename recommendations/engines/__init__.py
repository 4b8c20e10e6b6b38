"""Recommending as arithmetic: numbers in, ranked products with reasons out.

No Django here, and no input or output but artefacts. Everything speaks of products, customers and
baskets as positions (0, 1, 2, …) in the sorted id arrays of one :class:`~.interactions.Interactions`.

Every engine has the same members, see :class:`~.interface.Engine`:

* ``name``: what a reason calls it,
* ``fit(interactions, tick)``: learn,
* ``arrays()`` and ``from_arrays(arrays)``: to the artefact and back,
* ``scores(context)``: one number ≥ 0 per product, or None when it has nothing to say,
* ``because(context, products)``: for each the product that explains it, if one does.

Workers compute, the web process reads: only ``fit`` imports implicit.
"""
