"""What runs now: the addresses that every process of one installation shares, and a note of them in the data home."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.local.home import write_private
from services.local.processes import LocalError
from services.local.provision import Urls


@dataclass(frozen=True, slots=True)
class Environment:
    """This will hold where the services of one installation answer and what its processes need to enter them."""

    home: Path
    host: str
    port: int
    kind: str
    urls: Urls = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def base_url(self) -> str:
        """This will give the address of the API."""
        return f"http://{self.host}:{self.port}"

    def variables(self) -> dict[str, str]:
        """This will give the variables of Settings that the product's processes read; the owner's address is not among
        them, because none of them needs it."""
        return {
            "RAVAND_ENVIRONMENT": self.kind,
            "RAVAND_HOME": str(self.home),
            "RAVAND_HOST": self.host,
            "RAVAND_PORT": str(self.port),
            "RAVAND_DATABASE_URL": self.urls.app,
            "RAVAND_DISPATCH_DATABASE_URL": self.urls.dispatch,
            "RAVAND_REDIS_URL": self.redis_url,
            "RAVAND_SECRET_KEY": self.secret_key,
        }


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """This will be one person of the demo workspace whom a visitor may log in as."""

    workspace: str
    locale: str
    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Running:
    """This will be the note that a supervisor leaves in its data home while it runs."""

    supervisor: int
    children: Mapping[str, int]
    environment: Mapping[str, str] = field(repr=False)


def running_path(home: Path) -> Path:
    """This will tell where the note of what runs lies."""
    return home / "running.json"


def write_running(home: Path, running: Running) -> None:
    """This will leave the note, readable by its owner only: it holds passwords."""
    note = {
        "supervisor": running.supervisor,
        "children": dict(running.children),
        "environment": dict(running.environment),
    }
    write_private(running_path(home), json.dumps(note, indent=2) + "\n")


def read_running(home: Path) -> Running | None:
    """This will read the note, or answer None when no supervisor left one."""
    path = running_path(home)
    if not path.exists():
        return None
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return Running(int(note["supervisor"]), note["children"], note["environment"])
    except (OSError, ValueError, KeyError) as error:
        raise LocalError(f"{path} cannot be read: {error}") from error
