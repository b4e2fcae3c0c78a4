"""The data home: where one installation keeps its secrets, its servers and the state of what is running."""

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from services.local.processes import LocalError


def _password() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Secrets:
    """This will hold every secret that Ravand made for itself on this machine."""

    secret_key: str
    superuser_password: str
    owner_password: str
    app_password: str
    dispatch_password: str
    valkey_password: str

    @property
    def role_passwords(self) -> dict[str, str]:
        """This will give the password of each database role by the role's name."""
        return {
            "ravand_owner": self.owner_password,
            "ravand_app": self.app_password,
            "ravand_dispatch": self.dispatch_password,
        }


def make_folder(folder: Path, mode: int) -> None:
    """This will make a missing folder with exactly this mode, whatever the umask; one that exists keeps its own."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if folder.is_dir():
            return
        raise
    folder.chmod(mode)


def open_home(path: Path) -> Path:
    """This will make the data home where it is missing and give its absolute path.

    A home that root makes can be passed through (0711) but not listed, because PostgreSQL below it runs as another
    user; every file in it is closed by its own mode. The mode of a folder that was there already is never changed.
    """
    home = path.expanduser().resolve()
    try:
        make_folder(home, 0o711 if os.geteuid() == 0 else 0o700)
        make_folder(home / "logs", 0o700)
    except OSError as error:
        raise LocalError(
            f"The data home {home} cannot be used: {error.strerror}. Name another one in RAVAND_HOME."
        ) from error
    return home


def secrets_path(home: Path) -> Path:
    """This will tell where the secrets of a data home lie."""
    return home / "secrets.json"


def write_private(path: Path, text: str) -> None:
    """This will replace a file by one that only its owner reads; a reader sees the old text or the new one, whole."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:  # mkstemp creates with mode 0600
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def load_secrets(home: Path) -> Secrets:
    """This will read the secrets of a data home and make up those that are missing."""
    path = secrets_path(home)
    try:
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise LocalError(f"{path} cannot be read: {error}") from error
    wanted = {field.name: known.get(field.name) or _password() for field in fields(Secrets)}
    found = Secrets(**wanted)
    if asdict(found) != known:
        write_private(path, json.dumps(asdict(found), indent=2) + "\n")
    return found
