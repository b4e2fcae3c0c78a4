"""The store of tenants' files."""

from pathlib import Path

from services.kit.files import FileStore


def test_nobody_else_on_the_machine_can_look_into_a_new_store(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    FileStore.local(folder)
    assert folder.stat().st_mode & 0o077 == 0
