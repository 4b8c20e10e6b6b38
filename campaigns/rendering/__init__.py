"""From facts to the bytes of a message: MJML compiled once, filled in per message, packed as MIME."""
