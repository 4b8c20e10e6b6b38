"""The whole stack measured on any file of interactions, from the command line.

``python -m recommendations.evaluate --interactions FILE --protocol temporal``. A protocol is a module
of this package with ``TITLE``, ``add_arguments`` and ``evaluate``; see :mod:`~.protocols`.
"""
