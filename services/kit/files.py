"""Files of tenants: what people upload and what workers render, reached by signed links that expire."""

import hashlib
from datetime import datetime
from enum import StrEnum
from pathlib import Path as FolderPath
from typing import Any
from uuid import UUID

import obstore
from obstore.store import LocalStore, ObjectStore
from sqlalchemy import CheckConstraint, select
from sqlalchemy.orm import Mapped

from services.kit.db import TenantTable, one_of
from services.kit.errors import NOT_FOUND, Invalid, Message, NotFound, Path, required_text
from services.kit.tenancy import Caller, ReadSession, WriteSession

TOO_LARGE = Message(
    "file_too_large", "A file must not be larger than {limit} bytes.", "پرونده نباید بزرگ‌تر از {limit} بایت باشد."
)
OTHER_SIZE = Message(
    "file_other_size",
    "The file was announced with {announced} bytes, but {found} came.",
    "این پرونده {announced} بایت اعلام شده بود، ولی {found} بایت رسید.",
)
NOT_UPLOADED = Message("file_not_uploaded", "The file has not been uploaded yet.", "این پرونده هنوز بارگذاری نشده است.")
UPLOADED_ALREADY = Message(
    "file_uploaded_already", "The file has been uploaded already.", "این پرونده پیش‌تر بارگذاری شده است."
)


class FileState(StrEnum):
    """This will say whether the bytes of a file have arrived."""

    EXPECTED = "EXPECTED"
    STORED = "STORED"


class StoredFile(TenantTable):
    """This will describe one file of a workspace; ``size`` is in bytes, ``sha256`` is hexadecimal."""

    __tablename__ = "stored_file"
    __table_args__ = (
        one_of("state", FileState),
        CheckConstraint("(state = 'STORED') = (sha256 IS NOT NULL)", name="stored_is_known"),
        {"info": {"kind": "tenant"}},
    )

    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str | None]
    state: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class FileStore:
    """This will keep bytes under the tenant's own folder of an object store (a local folder here)."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @staticmethod
    def local(folder: FolderPath) -> "FileStore":
        """This will keep files in a folder of this machine."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileStore(LocalStore(folder))

    @staticmethod
    def _place(tenant_id: UUID, file_id: UUID) -> str:
        return f"{tenant_id}/{file_id}"

    async def put(self, tenant_id: UUID, file_id: UUID, content: bytes) -> None:
        """This will keep the bytes of a file, replacing what a failed attempt left."""
        await obstore.put_async(self._store, self._place(tenant_id, file_id), content)

    async def get(self, tenant_id: UUID, file_id: UUID) -> bytes:
        """This will give the bytes of a file."""
        found = await obstore.get_async(self._store, self._place(tenant_id, file_id))
        return bytes(await found.bytes_async())


_OPENED: list[FileStore] = []


def open_store(folder: FolderPath) -> FileStore:
    """This will open the store of this process, once at its start; ``store`` gives it ever after."""
    _OPENED[:] = [FileStore.local(folder)]
    return _OPENED[0]


def store() -> FileStore:
    """This will give the store that this process opened: a worker's function is handed a row and nothing else."""
    if not _OPENED:
        raise RuntimeError("this process has opened no file store")
    return _OPENED[0]


def expect_file(
    session: WriteSession, caller: Caller, *, name: str, media_type: str, size: int, limit: int, at: datetime
) -> StoredFile:
    """This will announce an upload of ``size`` bytes; the bytes follow over a signed link."""
    if not 0 < size <= limit:
        raise Invalid(TOO_LARGE, path=("input", "size"), limit=limit)
    row = StoredFile(
        name=required_text(name, path=("input", "fileName"), limit=255),
        media_type=required_text(media_type, path=("input", "mediaType"), limit=127),
        size=size,
        state=FileState.EXPECTED,
        created_by=caller.member_id,
        created_at=at,
    )
    session.add(row)
    return row


async def receive(session: WriteSession, store: FileStore, *, file_id: UUID, content: bytes) -> StoredFile:
    """This will keep the announced bytes once; another length or a second upload is refused."""
    row = await session.scalar(select(StoredFile).where(StoredFile.id == file_id).with_for_update())
    if row is None:
        raise NotFound(NOT_FOUND)
    if row.state == FileState.STORED:
        raise Invalid(UPLOADED_ALREADY)
    if len(content) != row.size:
        raise Invalid(OTHER_SIZE, announced=row.size, found=len(content))
    await store.put(row.tenant_id, row.id, content)
    row.sha256, row.state = hashlib.sha256(content).hexdigest(), FileState.STORED
    return row


async def keep(
    session: WriteSession,
    store: FileStore,
    caller: Caller,
    *,
    id: UUID,
    name: str,
    media_type: str,
    content: bytes,
    at: datetime,
) -> StoredFile:
    """This will keep a file that a worker rendered, under an id fixed beforehand: a second attempt replaces it."""
    await store.put(caller.tenant_id, id, content)
    row = StoredFile(
        id=id,
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        state=FileState.STORED,
        created_by=caller.member_id,
        created_at=at,
    )
    session.add(row)
    return row


async def stored(session: ReadSession, file_id: UUID, *, path: Path = ()) -> StoredFile:
    """This will give a file of the caller's workspace whose bytes have arrived."""
    row: Any = await session.scalar(select(StoredFile).where(StoredFile.id == file_id))
    if row is None:
        raise NotFound(NOT_FOUND, path=path)
    if row.state != FileState.STORED:
        raise Invalid(NOT_UPLOADED, path=path)
    return row  # type: ignore[no-any-return] # select(StoredFile) gives one
