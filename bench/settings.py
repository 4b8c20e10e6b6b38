"""The installation's settings, with a do-nothing view to compare with, no rate limit in the way, and models of its own.

The bench has a database of its own, whose merchants have the same ids as the installation's.
"""

from cxapp.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
MODELS_DIR = VAR_DIR / "bench" / "models"  # noqa: F405
API_REQUESTS_PER_SECOND = 10**9
