"""What a shop copies into its pages and programs, with the address of this installation filled in."""

from __future__ import annotations

from dataclasses import dataclass

# Keys are kept as fingerprints, so nobody can fill them in.
PUBLISHABLE, SECRET = "YOUR_PUBLISHABLE_KEY", "YOUR_SECRET_KEY"

SCRIPT = """\
<script>window.cx = window.cx || []</script>
<script async src="{url}/static/storefront/cx.js"
  data-key="{publishable}"></script>"""

CALLS = """\
cx.push(["product", { sku: "mug-blue", name: "Mug, blue", price: 19.99 }]);
cx.push(["search", "mug"]);
cx.push(["added", { sku: "mug-blue", quantity: 1, price: 19.99 }]);
cx.push(["cart", [{ sku: "mug-blue", quantity: 1 }]]);
cx.push(["checkout", [{ sku: "mug-blue", quantity: 1 }]]);"""

CONSENT = """\
// The visitor agreed, or withdrew: tell it every time your consent banner does.
cx.push(["consent", { tracking: true, textVersion: "2026-11" }]);
// Who it is, once logged in; kept back until there is consent.
cx.push(["identify", "c-2001", { first_name: "Ada" }]);
// Logged out.
cx.push(["reset"]);"""

PYTHON = """\
# pip install segment-analytics-python
from segment.analytics import Client

cx = Client(write_key="{secret}", host="{url}")
cx.track(user_id="c-2001", event="Order Completed", properties={{
    "order_id": "A-2001", "revenue": 39.98, "currency": "EUR",
    "products": [{{"sku": "mug-blue", "quantity": 2, "price": 19.99}}],
}})
cx.flush()"""

NODE = """\
// npm install @segment/analytics-node
import {{ Analytics }} from "@segment/analytics-node";

const cx = new Analytics({{
  writeKey: "{secret}", host: "{url}" }});
cx.track({{ userId: "c-2001", event: "Product Added",
  properties: {{ sku: "mug-blue", quantity: 1, price: 19.99 }} }});"""

RUDDER = """\
# pip install rudder-sdk-python
from rudderstack.analytics.client import Client

cx = Client(write_key="{secret}", host="{url}")
cx.identify("c-2001", {{"first_name": "Ada", "email": "ada@example.org"}})"""

CURL = """\
curl {url}/api/v1/track -u {secret}: \\
  -H 'Content-Type: application/json' -d '{{
  "userId": "c-2001", "event": "Product Returned", "messageId": "return-4711",
  "properties": {{"order_id": "A-2001", "sku": "mug-blue", "quantity": 1}}}}'"""


@dataclass(frozen=True)
class Snippet:
    """Something to copy; ``name`` is the program or language, which no language translates."""

    id: str
    name: str
    code: str


def setup_snippets(url: str) -> dict[str, Snippet]:
    """By id; ``url`` is where shops and browsers reach this installation."""
    filled = {
        "script": ("HTML", SCRIPT),
        "python": ("Python", PYTHON),
        "node": ("Node", NODE),
        "rudder": ("RudderStack", RUDDER),
        "curl": ("curl", CURL),
    }
    snippets = {
        name: Snippet(name, title, code.format(url=url.rstrip("/"), publishable=PUBLISHABLE, secret=SECRET))
        for name, (title, code) in filled.items()
    }
    return snippets | {
        "calls": Snippet("calls", "JavaScript", CALLS),
        "consent": Snippet("consent", "JavaScript", CONSENT),
    }
