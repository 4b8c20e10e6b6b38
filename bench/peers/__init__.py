"""Programs that run in the peers' environment (``bench/peers.lock``), each in a process of its own."""
