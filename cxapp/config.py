"""The installation's configuration: environment variables and ``.env``, parsed once.

Every variable is described in ``docs/deployment.md``.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent


class Config(BaseSettings):
    """Values as given; wrong types are refused by name before Django starts."""

    model_config = SettingsConfigDict(env_file=BASE_DIR / ".env", extra="ignore", env_ignore_empty=True)

    debug: bool = False
    secret_key: str | None = None
    database_url: str | None = None
    redis_url: str | None = None
    email_url: str = "demo:"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str | None = None
    allowed_hosts: Annotated[list[str], NoDecode] = ["localhost", "127.0.0.1", "[::1]"]
    var_dir: Path = BASE_DIR / "var"
    log_level: str = "INFO"
    trust_proxy: bool = False
    training_memory_mb: int | None = Field(default=None, ge=512)
    api_requests_per_second: int = Field(default=500, ge=1)

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [host.strip() for host in value.split(",") if host.strip()] if isinstance(value, str) else value

    @property
    def base_url(self) -> str:
        """Scheme and host of links in messages, without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")
