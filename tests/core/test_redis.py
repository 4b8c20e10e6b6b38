"""Redis connections that were closed while nobody used them."""

from core.redis import redis_client


def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    client = redis_client()
    client.set("cx:test:redis", "kept")
    client.client_kill_filter(_id=client.client_id(), skipme=False)

    assert client.get("cx:test:redis") == b"kept"
    pipeline = client.pipeline(transaction=False)
    pipeline.get("cx:test:redis")
    client.client_kill_filter(_id=client.client_id(), skipme=False)
    assert pipeline.execute() == [b"kept"]
    client.delete("cx:test:redis")
