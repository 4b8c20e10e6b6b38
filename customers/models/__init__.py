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
from customers.models.kpis import CustomerKpis, Lifecycle, Profitability, RfmGroup, ShopKpis
from customers.models.privacy import ConsentProof, PrivacyRequest, RetentionPeriod, RetentionRun
from customers.models.profiles import SEARCHED, Customer, CustomerQuerySet, Identity, Trait, email_domain
from customers.models.resolution import Duplicate, IdentityLink, Merge, SeparatedIdentity, Separation

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
    "CustomerKpis",
    "CustomerQuerySet",
    "DismissedSuggestion",
    "Duplicate",
    "Event",
    "EventChannel",
    "EventQuerySet",
    "EventReceipt",
    "Identity",
    "IdentityLink",
    "Language",
    "Lifecycle",
    "Merge",
    "Note",
    "PrivacyRequest",
    "Profitability",
    "Purpose",
    "RetentionPeriod",
    "RetentionRun",
    "RfmGroup",
    "SeparatedIdentity",
    "Separation",
    "ShopKpis",
    "Suppression",
    "SuppressionQuerySet",
    "Task",
    "TaskQuerySet",
    "Trait",
    "address_digest",
    "email_domain",
    "request_digest",
]
