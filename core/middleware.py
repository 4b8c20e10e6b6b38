"""Language of the person at the screen, and logins that ended inside a fragment."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware(LocaleMiddleware):
    """The language cookie that the switcher sets, else the browser's preference.

    The switcher also stores the choice with the staff member, and login restores the cookie.
    API answers are English: programs read them, and a cache must not vary.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith("/api/"):
            super().process_request(request)


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
