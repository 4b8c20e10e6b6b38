"""What visitors look at in one sitting, and what that says of what they look at next.

* :mod:`~.columns`: the events of visitors, parted into sessions,
* :mod:`~.index`: the sessions of the past, as an artefact holds them,
* :mod:`~.knn`: the nearest of them and what was in them: SKNN, V-SKNN, STAN, V-STAN,
* :mod:`~.tuning`: which decays suit a shop,
* :mod:`~.engine`: V-STAN as an engine of the blend,
* :mod:`~.visit`: the current visit, as it is asked about.
"""
