"""Rows about people. Each module has one subject; what other apps use is named here."""

from customers.models.consent import (
    Channel,
    ConsentRecord,
    ConsentRecordQuerySet,
    Purpose,
    Suppression,
    SuppressionQuerySet,
    address_digest,
)
from customers.models.profiles import SEARCHED, Customer, CustomerQuerySet, Identity

__all__ = [
    "SEARCHED",
    "Channel",
    "ConsentRecord",
    "ConsentRecordQuerySet",
    "Customer",
    "CustomerQuerySet",
    "Identity",
    "Purpose",
    "Suppression",
    "SuppressionQuerySet",
    "address_digest",
]
