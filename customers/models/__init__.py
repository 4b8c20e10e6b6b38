"""Rows about people. Each module has one subject; what other apps use is named here."""

from customers.models.companies import Company, CompanyPerson, CompanyQuerySet, DismissedSuggestion
from customers.models.consent import (
    WITHOUT_CHANNEL,
    Channel,
    ConsentRecord,
    ConsentRecordQuerySet,
    Purpose,
    Suppression,
    SuppressionQuerySet,
    address_digest,
)
from customers.models.consent_texts import (
    ConsentRequest,
    ConsentRequestQuerySet,
    ConsentText,
    ConsentTextQuerySet,
    Language,
    request_digest,
)
from customers.models.crm import Note, Task, TaskQuerySet
from customers.models.events import Event, EventChannel, EventQuerySet, EventReceipt
from customers.models.imports import CustomerImport
from customers.models.privacy import ConsentProof, PrivacyRequest, RetentionPeriod, RetentionRun
from customers.models.profiles import SEARCHED, Customer, CustomerQuerySet, Identity, email_domain

__all__ = [
    "SEARCHED",
    "WITHOUT_CHANNEL",
    "Channel",
    "Company",
    "CompanyPerson",
    "CompanyQuerySet",
    "ConsentProof",
    "ConsentRecord",
    "ConsentRecordQuerySet",
    "ConsentRequest",
    "ConsentRequestQuerySet",
    "ConsentText",
    "ConsentTextQuerySet",
    "Customer",
    "CustomerImport",
    "CustomerQuerySet",
    "DismissedSuggestion",
    "Event",
    "EventChannel",
    "EventQuerySet",
    "EventReceipt",
    "Identity",
    "Language",
    "Note",
    "PrivacyRequest",
    "Purpose",
    "RetentionPeriod",
    "RetentionRun",
    "Suppression",
    "SuppressionQuerySet",
    "Task",
    "TaskQuerySet",
    "address_digest",
    "email_domain",
    "request_digest",
]
