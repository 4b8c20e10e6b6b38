"""What people do, told in the wire format of Segment's tracking API, from the body of a request to rows and memory.

``wire`` (bytes to JSON) → ``reading`` (JSON to events, or why not; pure, with ``names``, ``channels`` and ``clock``) →
``people`` (whose they are) → ``storing`` (rows, each once) → ``visitor`` (what the visitor looked at and put into the
basket, in Redis). ``intake`` is the way through all of them. The rules are in docs/events.md.
"""
