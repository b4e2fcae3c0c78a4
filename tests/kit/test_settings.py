"""What the environment decides, as it is really written there."""

import re
from pathlib import Path

import pytest

from services.kit.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "deploy" / "env.example"


def test_a_pooler_that_cannot_prepare_is_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAVAND_DATABASE_PREPARE_THRESHOLD", "none")
    assert Settings(_env_file=None).database_prepare_threshold is None
    monkeypatch.setenv("RAVAND_DATABASE_PREPARE_THRESHOLD", "7")
    assert Settings(_env_file=None).database_prepare_threshold == 7


def test_every_line_of_the_example_can_be_used_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    written = re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file = tmp_path / ".env"
    file.write_text(written, encoding="utf-8")
    names = re.findall(r"^([A-Z_]+)=", written, flags=re.MULTILINE)
    assert len(names) > 10
    read = Settings(_env_file=file)
    for name in names:
        assert name.removeprefix("RAVAND_").lower() in Settings.model_fields, name
    assert read.cors_origins == ["https://app.example.com"]
    assert read.redis_url.startswith("redis://")
