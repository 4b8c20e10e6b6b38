"""Orders over HTTP: ``incoming`` takes them, ``outgoing`` shows them, ``views`` are the operations."""
