"""Which column of which table says what about a person, and what becomes of it.

Every app declares its tables in its own ``privacy.py``; ``tests/architecture/test_privacy.py`` fails for a column
that nobody declared. The declarations drive the access request (GDPR Art. 15) and the erasure (Art. 17).

    declare(
        Note,
        title=_("Notes"),
        find=through("customer"),
        rows=Rows.DELETED,
        columns=[personal("text", "created_at"), technical("id", "merchant", "customer", "author")],
    )
    nothing_personal(Product, reason=_("What is sold says nothing about who buys."), texts=["sku", "title"])
"""

from core.privacy.person import ERASED, Person
from core.privacy.registry import (
    BLANK,
    Column,
    Fate,
    Find,
    Impersonal,
    Outcome,
    Rows,
    Store,
    Table,
    all_impersonal,
    all_tables,
    declare,
    facts,
    hints,
    mentioning,
    nothing_personal,
    personal,
    register_store,
    scrubbed,
    stores,
    technical,
    text_columns,
    through,
    withheld,
)

__all__ = [
    "BLANK",
    "ERASED",
    "Column",
    "Fate",
    "Find",
    "Impersonal",
    "Outcome",
    "Person",
    "Rows",
    "Store",
    "Table",
    "all_impersonal",
    "all_tables",
    "declare",
    "facts",
    "hints",
    "mentioning",
    "nothing_personal",
    "personal",
    "register_store",
    "scrubbed",
    "stores",
    "technical",
    "text_columns",
    "through",
    "withheld",
]
