"""Importing order histories from files.

``source`` opens a file, a format module (``online_retail``, ``cxapp_csv``, ``shopify_csv``) turns its rows into orders,
``writing`` and ``returning`` store them in bulk, ``importer`` walks through a file batch by batch. Sources and formats
are pure: they know no database. Every row of a file is accounted for: it became part of an order or a return, or it is
listed with its reason (``reasons``).

Only a runner imports the modules of this package: polars brings a thread pool that does not survive a fork.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The kind of the job that imports a file.
IMPORT = "import_orders"


class FileFormat(models.TextChoices):
    CXAPP_CSV = "cxapp-csv", _("CSV as documented here")
    SHOPIFY_CSV = "shopify-csv", _("Shopify orders export")
    ONLINE_RETAIL = "online-retail", _("UCI Online Retail data set")
