"""Operations that a script on a storefront's pages may call: from any origin, with a publishable key, without cookies."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import ApiCaller

# How long a browser may remember the answer to its preflight; Chromium takes two hours at most.
PREFLIGHT_SECONDS = 7200


class BrowserView(APIView):
    """A view that answers browsers (CORS).

    ``*`` is safe: the key is in the request itself, so no page can use what another page or person is allowed to.
    A secret key never gets an answer that a page could read: whoever puts one into a shop's pages notices at once.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return self._preflight()
        return super().dispatch(request, *args, **kwargs)

    def _preflight(self) -> HttpResponse:
        """Asked before any key is shown, and about none: every origin may try."""
        answer = HttpResponse(status=204)
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Access-Control-Allow-Methods"] = ", ".join(self.allowed_methods)
        answer["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        answer["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return answer

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if not _is_secret(request):
            answer["Access-Control-Allow-Origin"] = "*"
            answer["Access-Control-Expose-Headers"] = "Retry-After"
        return answer


def _is_secret(request: Request) -> bool:
    """Whether a secret key opened the door; asks nothing of a request that was refused before it was looked at."""
    caller = getattr(request, "_user", None)
    return isinstance(caller, ApiCaller) and caller.is_secret
