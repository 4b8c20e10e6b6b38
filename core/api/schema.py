"""What every operation of the OpenAPI schema shares: its problem documents."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255},
    OpenApiParameter.HEADER,
    description="Any text that is new for every write. The same request again under its key is answered as the "
    "first time, with `Idempotent-Replay: true`.",
)
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document. `code` is stable; `errors` names the fields.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "code", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}
DESCRIPTIONS = {
    "400": "Bad input",
    "401": "No valid API key",
    "403": "The key lacks the scope",
    "404": "Not found",
    "409": "Conflict with the current state",
    "413": "Body too large",
    "415": "Not JSON",
    "422": "Idempotency-Key reused for another request",
    "429": "Too many requests",
}


def add_problem_responses(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular hook: declares the error answers once for all operations."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, description in DESCRIPTIONS.items():
                operation["responses"].setdefault(status, {"description": description, "content": content})
    return result
