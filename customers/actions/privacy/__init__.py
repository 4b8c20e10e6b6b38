"""What the GDPR lets people ask for: requests, exports, erasures, retention."""

from customers.actions.privacy.requests import open_request

__all__ = ["open_request"]
