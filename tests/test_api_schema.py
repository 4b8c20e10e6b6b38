"""The OpenAPI schema is whole: no warnings, and every operation says what it takes and answers."""

from pathlib import Path

import yaml
from django.core.management import call_command


def test_schema_is_valid_without_warnings(db: None, tmp_path: Path) -> None:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    paths = yaml.safe_load(file.read_text())["paths"]
    assert set(paths["/api/v1/orders"]) == {"post"}
    assert paths["/api/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert all("404" in operation["responses"] for path in paths.values() for operation in path.values())
