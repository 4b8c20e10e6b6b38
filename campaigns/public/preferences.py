"""The preference centre: what a person allows, for each purpose and channel, opened from a message or a link of staff."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.actions.objections import object_to_everything
from campaigns.public.links import Holder, find_holder
from campaigns.public.pages import public_page, shop_context
from campaigns.rendering.formats import LANGUAGES
from customers.actions.preferences import Turn, save_preferences
from customers.actions.privacy import open_request
from customers.models import PrivacyRequest
from customers.queries.preferences import preferences as preferences_of

SAVED, ASKED = "saved", "asked"
# What a person may ask for here; staff check who asks before anything is given out or erased.
ASKABLE = (PrivacyRequest.Kind.ACCESS, PrivacyRequest.Kind.ERASURE)


# No CSRF token: the page works without a cookie, and whoever can forge the request knows the secret.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the switches and changes nothing; POST records what was turned, or the objection to everything."""
    holder = find_holder(token)
    if holder is None:
        return public_page(request, "campaigns/objection_unknown.html", status=404)
    language = _language(request, holder)
    if request.method == "POST":
        done = _save(request.POST, holder, language)
        return _seen(HttpResponseRedirect(f"{request.path}?lang={language}&{done}=1"))
    with translation.override(language):
        customer = holder.customer
        context = shop_context(holder.merchant) | {
            "subjects": preferences_of(customer, language) if customer else [],
            "is_known": customer is not None,
            "is_saved": SAVED in request.GET,
            "is_asked": ASKED in request.GET,
            "language": language,
            "other_languages": [(code, name) for code, name in _NAMES.items() if code != language],
        }
        return public_page(request, "campaigns/preferences.html", context)


# In their own language, for a reader who understands no other.
_NAMES = {"de": "Deutsch", "en": "English"}


def _language(request: HttpRequest, holder: Holder) -> str:
    """The reader's choice, else the message's or the person's."""
    chosen = request.GET.get("lang", "")
    return chosen if chosen in LANGUAGES else holder.language


def _save(posted: QueryDict, holder: Holder, language: str) -> str:
    """Returns what was done: ``SAVED`` or ``ASKED``."""
    customer = holder.customer
    asked = str(posted.get("ask", ""))
    if customer and asked in ASKABLE:
        channel = PrivacyRequest.Channel.WEB
        open_request(holder.merchant, kind=asked, channel=channel, customer=customer, contact=holder.address)
        return ASKED
    if "nothing" in posted:
        object_to_everything(holder.merchant, customer, address=holder.address, evidence=holder.evidence)
    elif customer:
        evidence = holder.evidence | {"language": language}
        save_preferences(customer, _turns(posted), language=language, evidence=evidence)
    return SAVED


def _turns(posted: QueryDict) -> dict[str, Turn]:
    """The switches that differ from how the page showed them: what another page changed meanwhile stays."""
    turns = {}
    for name in posted:
        if name.startswith("was."):
            key = name.removeprefix("was.")
            is_on, was_on = f"on.{key}" in posted, posted[name] == "1"
            if is_on != was_on:
                text = posted.get(f"text.{key}", "")
                turns[key] = Turn(is_on, int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None)
    return turns


def _seen(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    return response
