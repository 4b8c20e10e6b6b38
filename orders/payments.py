"""Payment methods: the shop names them as it likes, people read words."""

from typing import Any

from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Any] = {
    "card": _("card"),
    "cash_on_delivery": _("cash on delivery"),
    "credit_card": _("credit card"),
    "direct_debit": _("direct debit"),
    "invoice": _("invoice"),
    "klarna": "Klarna",
    "paypal": "PayPal",
    "prepayment": _("prepayment"),
    "sepa": _("direct debit"),
}


def payment_name(method: str) -> str:
    """``credit_card`` → ``credit card`` in the reader's language; an unknown one without its underscores."""
    return str(NAMES.get(method.lower(), method.replace("_", " ")))
