"""Order confirmations per second: claimed, decided, recommended, written and sent, by one worker process.

``python -m bench confirmations``; needs PostgreSQL and Redis (``make bench`` brings them) and the sample data. The mail
server takes everything and keeps nothing. Beside it stands the floor: building the same mail from finished texts.
"""

from __future__ import annotations

import os
from statistics import median

import django
from django.core.management import call_command

from bench import online_retail
from bench.figures import Figure
from bench.null_smtp import null_smtp

ROUNDS = 5


def run() -> list[Figure]:
    """Every figure of confirmations; none without the sample data."""
    if not online_retail.PARQUET.exists():
        print(f"  skipped: there is no {online_retail.PARQUET}")
        return []
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported only now.
    from bench.confirmed_shop import ConfirmedShop  # noqa: PLC0415

    shop = ConfirmedShop.of_sample_data()
    with null_smtp() as port:
        shop.send(port)  # the first round loads the model and compiles the template
        sent = median(shop.send(port) for _ in range(ROUNDS))
    bare, written = shop.bare(), shop.written()
    return [
        Figure("confirmations, one process, to a null SMTP server", sent, "/s", at_least=100),
        Figure("of them with a cross-sell block", shop.share_with_block()),
        Figure("writing alone (HTML and text)", written, "/s"),
        Figure("bare MIME building of the same texts", bare, "/s"),
        Figure("confirmations / bare MIME building", sent / bare),
    ]
