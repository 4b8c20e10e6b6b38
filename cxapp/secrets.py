"""The installation's own secret, made on first start and kept in ``var/`` with mode 0600."""

import os
import secrets
from pathlib import Path


def installation_secret(var_dir: Path) -> str:
    """The Django secret key of an installation that names none; the first of two starting processes wins."""
    path = var_dir / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        var_dir.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
