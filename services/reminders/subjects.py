"""What reminders can be about: higher rooms say how to find out whether theirs exists."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from services.kit.errors import NOT_FOUND, NotFound, Path
from services.kit.tenancy import ReadSession
from services.reminders.models import SubjectKind

Exists = Callable[[ReadSession, UUID], Awaitable[bool]]
SUBJECTS: Final[dict[str, Exists]] = {}


def remindable(kind: SubjectKind, exists: Exists) -> None:
    """This will let members set reminders about records of a kind; ``exists`` tells whether the tenant has one."""
    if kind in SUBJECTS:
        raise RuntimeError(f"two rooms say what a {kind} is")
    SUBJECTS[kind] = exists


async def insist(session: ReadSession, kind: SubjectKind, subject_id: UUID, *, path: Path) -> None:
    """This will refuse a subject that the workspace does not have; a foreign one and a missing one answer alike."""
    if kind not in SUBJECTS or not await SUBJECTS[kind](session, subject_id):
        raise NotFound(NOT_FOUND, path=path)
