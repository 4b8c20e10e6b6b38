"""Every operation of the API, read from its schema: a test over all of them covers those that are not written yet."""

from typing import NamedTuple

from drf_spectacular.generators import SchemaGenerator


class Operation(NamedTuple):
    """A method on an address such as ``/api/v1/orders/{number}``."""

    method: str
    path: str
    takes_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def api_operations() -> list[Operation]:
    paths = SchemaGenerator().get_schema(public=True)["paths"]  # type: ignore[no-untyped-call]
    return [
        Operation(method.upper(), path, "requestBody" in operation)
        for path, operations in sorted(paths.items())
        for method, operation in operations.items()
    ]
