"""Decisions about imports: what may begin, and the words for what ended."""

from dataclasses import dataclass

from services.kit.errors import Conflict, Message

ONE_AT_A_TIME = Message(
    "import_one_at_a_time",
    "Another import is still going on in this workspace; wait until it has ended.",
    "ورود دادهٔ دیگری در این فضای کاری در جریان است؛ تا پایان آن صبر کنید.",
)
NOBODY_ACTS = Message(
    "import_nobody_acts",
    "The member who started the import can no longer work here.",
    "عضوی که این ورود داده را آغاز کرده است دیگر نمی‌تواند اینجا کار کند.",
)
STOPPED = Message(
    "import_stopped",
    "The import stopped after {done} of {total} rows because of a fault on our side. Start it again: what is already "
    "there will not be doubled.",
    "ورود داده پس از {done} سطر از {total} سطر به سبب خطایی در سمت ما متوقف شد. دوباره آغازش کنید: آنچه وارد شده است "
    "دو بار وارد نمی‌شود.",
)


def another_runs() -> Conflict:
    """This will say that the workspace has an import that has not ended."""
    return Conflict(ONE_AT_A_TIME, path=("input",))


@dataclass(frozen=True, slots=True)
class Progress:
    """This will say how far an import has come."""

    rows_total: int
    rows_done: int

    @property
    def percent(self) -> int:
        """This will give the same in whole percent; 100 only when all is done."""
        return self.rows_done * 100 // self.rows_total if self.rows_total else 0


@dataclass(frozen=True, slots=True)
class Totals:
    """This will say what became of the rows of an import."""

    created: int
    updated: int
    unchanged: int
    failed: int
    warnings: int
