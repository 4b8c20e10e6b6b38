import json
from pathlib import Path

import numpy as np
import pytest

from recommendations.engines import artefacts
from recommendations.engines.artefacts import ArtefactCorrupt, ArtefactMissing

ARRAYS = {"a.values": np.arange(6, dtype=np.float32).reshape(2, 3), "ids": np.array([3, 5], np.int64)}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    directory = tmp_path / "7" / "v1"
    artefacts.write(directory, ARRAYS, {"rows": 12})
    return directory


def test_what_was_written_is_loaded(written: Path):
    found = artefacts.load(written)
    assert found.about == {"rows": 12}
    assert {name: array.tolist() for name, array in found.arrays.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    assert not found.arrays["ids"].flags.writeable


def test_the_size_is_that_of_the_files(tmp_path: Path):
    size = artefacts.write(tmp_path / "v", ARRAYS, {})
    assert size == sum(file.stat().st_size for file in (tmp_path / "v").iterdir())


def test_nothing_is_left_beside_it(written: Path):
    assert [entry.name for entry in written.parent.iterdir()] == ["v1"]


def test_a_missing_artefact_has_its_own_error(tmp_path: Path):
    with pytest.raises(ArtefactMissing, match="no model at"):
        artefacts.load(tmp_path / "nowhere")


def _flip_a_byte(directory: Path) -> None:
    path = directory / "ids.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _truncate(directory: Path) -> None:
    path = directory / "ids.npy"
    path.write_bytes(path.read_bytes()[:-4])


def _lose_a_file(directory: Path) -> None:
    (directory / "ids.npy").unlink()


def _break_the_manifest(directory: Path) -> None:
    (directory / artefacts.MANIFEST).write_text("{")


def _age_the_format(directory: Path) -> None:
    (directory / artefacts.MANIFEST).write_text(json.dumps({"format": 0}))


@pytest.mark.parametrize("damage", [_flip_a_byte, _truncate, _lose_a_file, _break_the_manifest, _age_the_format])
def test_every_damage_is_noticed(written: Path, damage):
    damage(written)
    with pytest.raises(ArtefactCorrupt):
        artefacts.load(written)


def test_objects_are_neither_written_nor_read(tmp_path: Path):
    with pytest.raises(ValueError, match="allow_pickle"):
        artefacts.write(tmp_path / "v", {"evil": np.array([object()])}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        artefacts.write(tmp_path / "v", ARRAYS, {})
    assert not (tmp_path / "v").exists()


def test_a_removed_artefact_still_serves_those_who_have_it(written: Path):
    found = artefacts.load(written)
    artefacts.remove(written)
    assert found.arrays["ids"].tolist() == [3, 5]
