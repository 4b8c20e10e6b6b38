"""Static files: exactly what pages load, taken from ``node_modules`` and from the installed apps."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder, get_finders
from django.core.checks import CheckMessage, Error
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from whitenoise.compress import Compressor  # type: ignore[import-untyped]  # ships no types
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]  # ships no types

VENDORED = {
    "vendor/inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "vendor/inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "vendor/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "vendor/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "vendor/uPlot.min.css": "uplot/dist/uPlot.min.css",
}
# The API answers JSON only, its documentation is Swagger UI, and htmx comes from npm.
UNUSED = ["*.map", "*LICENSE*", "README*", "rest_framework", "redoc", "django_htmx"]
BROTLI_QUALITY = 9  # 11 takes ten times as long for 5 %
_SOURCE_MAP = re.compile(rb"^(?:/\*|//)# sourceMappingURL=.*$", re.MULTILINE)


class SourceStorage(FileSystemStorage):
    """Files without the reference to their source map: the maps are four times as big and not served."""

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        content = Path(self.path(name)).read_bytes()
        return ContentFile(_SOURCE_MAP.sub(b"", content) if name.endswith((".css", ".js")) else content, name=name)


class VendoredStorage(SourceStorage):
    """``node_modules`` seen through ``VENDORED``: public name to file."""

    def path(self, name: str) -> str:
        return super().path(VENDORED[name])


class AppFilesFinder(AppDirectoriesFinder):
    """Finds what the installed apps bring, without what no page of ours loads."""

    storage_class = SourceStorage

    def list(self, ignore_patterns: Iterable[str] | None) -> Any:
        return super().list([*(ignore_patterns or []), *UNUSED])


class NodeModulesFinder(BaseFinder):
    """Finds the files of ``VENDORED``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = VendoredStorage(location=settings.BASE_DIR / "node_modules")

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        missing = [source for name, source in VENDORED.items() if not self.storage.exists(name)]
        if not missing:
            return []
        return [Error(f"node_modules lacks {', '.join(missing)}.", hint="Run `npm ci`.", id="cxapp.E001")]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path not in VENDORED or not self.storage.exists(path):
            return []  # Django takes None for a match
        match = self.storage.path(path)
        return [match] if find_all else match

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        yield from ((name, self.storage) for name in VENDORED)


class QuickCompressor(Compressor):  # type: ignore[misc]  # the base class is untyped
    """Compresses in seconds what the default takes half a minute for."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=BROTLI_QUALITY))


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the base class is untyped
    """Names with a hash of the contents, compressed beforehand."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return QuickCompressor(**kwargs)


def have_changed() -> bool:
    """Whether the sources differ from those of the last ``collect``."""
    return not _record().exists() or _record().read_text() != _fingerprint()


def collect() -> None:
    """Copy, hash and compress everything that pages load into ``STATIC_ROOT``."""
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    _record().write_text(_fingerprint())


def _record() -> Path:
    return Path(settings.VAR_DIR) / "static.sha256"


def _fingerprint() -> str:
    """Names, sizes and times of all sources: reading the contents would take as long as collecting them."""
    digest = hashlib.sha256(str(settings.STATIC_ROOT).encode())
    for finder in get_finders():
        for name, storage in finder.list(None):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
