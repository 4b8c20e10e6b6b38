"""What merges mean for rows of this app."""

from customers.actions.merging import Claim, claims
from customers.models import ConsentRecord

claims.register(Claim(ConsentRecord, "customer", "address", "recorded_at"), name="consents")
