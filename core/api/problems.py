"""Errors as problem documents (RFC 9457): ``type``, ``title``, ``status``, ``code``, ``detail``, ``errors``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import DomainError

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be accepted as it is",
    401: "A valid API key is needed",
    403: "This API key may not do this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "The request conflicts with the current state",
    413: "The request is too large",
    415: "Unsupported media type",
    422: "The request contradicts an earlier one",
    429: "Too many requests",
    500: "Something went wrong on our side",
}


def problem(status: int, code: str, detail: str = "", **members: Any) -> dict[str, Any]:
    """A problem document; ``members`` are further fields of its own."""
    document = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return document | members


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every expected error becomes a problem document; anything else stays a 500."""
    with translation.override("en"):
        answer = _answer(error)
    if answer is not None:
        set_rollback()
        answer.content_type = CONTENT_TYPE
    return answer


def _answer(error: Exception) -> Response | None:
    if isinstance(error, DomainError):
        members = dict(error.extra)
        if error.field:
            members["errors"] = [{"field": error.field, "code": error.code, "detail": str(error.message)}]
        return Response(problem(error.status, error.code, str(error.message), **members), status=error.status)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    return _from_api_exception(error) if isinstance(error, exceptions.APIException) else None


def _from_api_exception(error: exceptions.APIException) -> Response:
    headers = {}
    if wait := getattr(error, "wait", None):  # Throttled
        headers["Retry-After"] = str(int(wait))
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    status = error.status_code
    if isinstance(error, exceptions.ValidationError):
        errors = field_errors(error)
        document = problem(status, "invalid", errors[0]["detail"] if errors else "", errors=errors)
    else:
        code = error.get_codes()
        document = problem(status, code if isinstance(code, str) else "error", str(error.detail))
    return Response(document, status=status, headers=headers)


def field_errors(error: exceptions.ValidationError) -> list[dict[str, str]]:
    """Each refused field with its dotted path, a stable code and a sentence."""
    return list(_flatten(error.get_full_details()))


def _flatten(details: Any, path: str = "") -> Any:
    """``{"lines": [{"sku": [{message, code}]}]}`` → ``{"field": "lines.0.sku", "code": …, "detail": …}``."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"field": path, "code": details["code"], "detail": str(details["message"])}
    elif isinstance(details, dict):
        for key, value in details.items():
            inner = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            yield from _flatten(value, inner)
    elif isinstance(details, list):
        # A list of messages belongs to this field; a list of objects is numbered.
        leaves = [set(entry) == {"message", "code"} for entry in details if isinstance(entry, dict)]
        for index, value in enumerate(details):
            yield from _flatten(value, path if all(leaves) else f"{path}.{index}".lstrip("."))


def problem_response(request: HttpRequest, status: int, code: str, detail: str = "") -> JsonResponse:
    """For answers outside DRF: unknown addresses below ``/api/`` and server errors."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)


@csrf_exempt  # there are no cookies here, and a POST to nowhere is a 404 like a GET
def api_not_found(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Unknown addresses below ``/api/``."""
    return problem_response(request, 404, "not_found", "There is nothing at this address; see /api/docs/.")


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """``handler400``: a page for people, a problem document below ``/api/``."""
    if _is_api(request):
        return problem_response(request, 400, "bad_request")
    return defaults.bad_request(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """``handler404``: likewise."""
    return api_not_found(request) if _is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """``handler500``: likewise; what went wrong is in the log, and nowhere else."""
    if _is_api(request):
        return problem_response(request, 500, "server_error", "Please try again; a retry under the same key is safe.")
    return defaults.server_error(request)
