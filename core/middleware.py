"""Language of the person at the screen; logins that ended, and messages left, inside a fragment."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django_structlog.middlewares import RequestMiddleware

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware(LocaleMiddleware):
    """The language cookie that the switcher sets, else the browser's preference.

    The switcher also stores the choice with the staff member, and login restores the cookie.
    API answers are English: programs read them, and a cache must not vary.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(("/api/", "/v1/")):
            # Said, not left out: this thread may have served a page in another language before.
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)


class RequestLogMiddleware(RequestMiddleware):
    """One log line per request, without what stands behind the question mark: people are looked up by their address."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"


class FragmentLoginMiddleware:
    """A redirect to the login inside a fragment becomes a redirect of the whole page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        target = response.headers.get("Location", "")
        if (
            request.headers.get("HX-Request") != "true"
            or response.status_code != 302
            or not target.startswith(settings.LOGIN_PATH)
        ):
            return response
        page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]  # set by HtmxMiddleware
        whole = HttpResponse(status=204)
        whole["HX-Redirect"] = f"{settings.LOGIN_PATH}login/?{urlencode({'next': page})}"
        return whole


class FragmentMessagesMiddleware:
    """Messages that a fragment's view left travel in its ``HX-Trigger`` header; cx.js shows them as toasts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_swap = request.headers.get("HX-Request") == "true" and response.status_code in (200, 204, 422)
        if is_swap and not {"HX-Redirect", "HX-Refresh", "HX-Trigger"} & set(response.headers):
            toasts = [{"level": message.level_tag, "text": str(message)} for message in get_messages(request)]
            if toasts:
                # Header values are Latin-1; JSON's own escapes carry everything else.
                response["HX-Trigger"] = json.dumps({"toasts": toasts})
        return response
