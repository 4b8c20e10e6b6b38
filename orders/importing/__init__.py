"""Importing order histories from files.

``source`` opens a file, a format module (``online_retail``, ``cxapp_csv``, ``shopify_csv``) turns its rows into orders,
``writing`` and ``returning`` store them in bulk, ``importer`` walks through a file batch by batch. Sources and formats
are pure: they know no database. Every row of a file is accounted for: it became part of an order or a return, or it is
listed with its reason (``reasons``).

Only a runner imports the modules that read and write: polars brings a thread pool that does not survive a fork. The
others (this one, ``layouts``, ``described``, ``reasons``) are for every process.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The kind of the job that imports a file.
IMPORT = "import_orders"


class FileFormat(models.TextChoices):
    CXAPP_CSV = "cxapp-csv", _("CSV with the columns below")
    SHOPIFY_CSV = "shopify-csv", _("Shopify orders export")
    ONLINE_RETAIL = "online-retail", _("UCI Online Retail data set")
