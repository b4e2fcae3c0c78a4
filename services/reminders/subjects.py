"""What reminders can be about: higher rooms name the tables of their records."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.kit.db import TenantTable
from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.tenancy import ReadSession
from services.reminders.models import SubjectKind

SUBJECTS: Final[dict[SubjectKind, type[TenantTable]]] = {}


def remindable(kind: SubjectKind, table: type[TenantTable]) -> None:
    """This will let members set reminders about the records of a table."""
    if kind in SUBJECTS:
        raise RuntimeError(f"two rooms say what a {kind} is")
    SUBJECTS[kind] = table


async def insist(session: ReadSession, kind: SubjectKind, subject_id: UUID, *, path: Path) -> None:
    """This will refuse a subject that the workspace does not have; a foreign one and a missing one answer alike."""
    table = SUBJECTS[kind]
    if await session.scalar(select(table.id).where(table.id == subject_id)) is None:
        raise NotFound(NOT_FOUND, path=path)
