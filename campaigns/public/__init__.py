"""Pages that people open from a message: no login, no cookie, the merchant comes from the secret in the address."""
