class EmbeddedServerError(RuntimeError):
    """A server cannot be started or stopped; the message says why and what to do."""
