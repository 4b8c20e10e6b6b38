"""What a key may do."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.api.authentication import ApiCaller


class HasScope(BasePermission):
    """The view names what it needs: ``scopes = {"GET": "orders:read", "POST": "orders:write"}``.

    A method without a scope is refused: a view that forgot to say is closed, not open.
    """

    message = "This API key lacks the scope for this."
    code = "missing_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS" or not hasattr(view, str(request.method).lower()):
            return True  # what the view does not do at all is a 405
        needed = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        return isinstance(request.user, ApiCaller) and needed in request.user.scopes
