"""What the customers app holds about people, and what becomes of it: by subject, declared when this is imported."""

from customers.privacy import consents, crm, events, files, merging, profiles, requests

__all__ = ["consents", "crm", "events", "files", "merging", "profiles", "requests"]
