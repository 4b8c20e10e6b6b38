"""Models on disk: ``.npy`` files that a reader maps into memory, and a manifest that vouches for them.

A version is a directory. It is written aside, synced, and renamed into place, so that it exists whole
or not at all. Nothing is ever pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recommendations.engines.interface import Arrays

FORMAT = 1
MANIFEST = "manifest.json"
_PARTIAL = ".partial"


class ArtefactError(Exception):
    """An artefact cannot be used; the sentence says which and why."""


class ArtefactMissing(ArtefactError):  # noqa: N818  # reads as what happened
    """There is no such artefact."""


class ArtefactCorrupt(ArtefactError):  # noqa: N818
    """Its files are not what the manifest says."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A loaded version: read-only arrays by name, what the manifest tells of them, and which files it lists."""

    arrays: Arrays
    about: dict[str, Any]
    names: frozenset[str]


def write(directory: Path, arrays: Arrays, about: Mapping[str, Any]) -> int:
    """Writes a version to ``directory``, which must not exist yet; returns its size in bytes.

    ``about`` (plain JSON values) goes into the manifest beside the files' checksums.
    """
    partial = directory.with_name(f"{directory.name}.{uuid.uuid4().hex}{_PARTIAL}")
    partial.mkdir(parents=True)
    try:
        files = {name: _write_array(partial / f"{name}.npy", array) for name, array in sorted(arrays.items())}
        manifest = json.dumps({"format": FORMAT, "about": dict(about), "files": files}, indent=1, allow_nan=False)
        _write_synced(partial / MANIFEST, manifest.encode())
        _sync_directory(partial)
        partial.rename(directory)
        _sync_directory(directory.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    written: list[int] = [file["bytes"] for file in files.values()]
    return sum(written) + len(manifest)


def load(directory: Path, only: Collection[str] | None = None) -> Artefact:
    """Maps a version into memory after checking every file against the manifest; ``only`` these arrays, all by default.

    Raises ArtefactMissing or ArtefactCorrupt.
    """
    manifest = _read_manifest(directory)
    files = {name: file for name, file in manifest["files"].items() if only is None or name in only}
    arrays = {name: _load_array(directory / f"{name}.npy", file) for name, file in files.items()}
    return Artefact(arrays, manifest["about"], frozenset(manifest["files"]))


def remove(directory: Path) -> None:
    """Deletes a version. Processes that have it mapped keep what they have."""
    shutil.rmtree(directory, ignore_errors=True)


def _write_array(path: Path, array: np.ndarray[Any, Any]) -> dict[str, Any]:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {"sha256": _sha256(path), "bytes": path.stat().st_size}


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise ArtefactMissing(f"There is no model at {directory}.") from error
    except ValueError as error:
        raise ArtefactCorrupt(f"The manifest of {directory} is not readable.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtefactCorrupt(f"The manifest of {directory} is not of format {FORMAT}.")
    return manifest


def _load_array(path: Path, expected: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    try:
        if path.stat().st_size != expected["bytes"] or _sha256(path) != expected["sha256"]:
            raise ArtefactCorrupt(f"{path} was changed after it was written.")
        # A plain view: the memmap class costs microseconds on every slice.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError as error:
        raise ArtefactCorrupt(f"{path} is missing.") from error
    except (ValueError, KeyError, EOFError) as error:
        raise ArtefactCorrupt(f"{path} is not an array.") from error
