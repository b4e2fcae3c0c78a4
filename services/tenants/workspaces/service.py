"""Writes of workspaces."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.kit.errors import Locale
from services.kit.tenancy import Caller, WriteSession
from services.tenants.directory import service as directory
from services.tenants.workspaces.models import Workspace, WorkspaceState
from services.tenants.workspaces.rules import DEFAULTS, trial_end

Founder = Callable[[WriteSession, Caller, datetime], Awaitable[None]]
# Higher rooms furnish a new workspace (its default process, say) without this room knowing them.
FOUNDERS: list[Founder] = []


def furnishes(founder: Founder) -> Founder:
    """This will have a function called in the transaction that opens a workspace."""
    FOUNDERS.append(founder)
    return founder


async def open_workspace(
    session: WriteSession,
    caller: Caller,
    *,
    name: str,
    slug: str | None = None,
    locale: Locale,
    trial_days: int,
    at: datetime,
) -> Workspace:
    """This will open the caller's tenant as a workspace on trial and furnish it; the caller is the system itself.

    Without a slug one is made of the name; a given one that is taken is a conflict.
    """
    slug = await directory.take_slug(session, name=name, wanted=slug, at=at)
    defaults = DEFAULTS[locale]
    workspace = Workspace(
        id=caller.tenant_id,
        name=name,
        slug=slug,
        locale=locale,
        zone=defaults.zone,
        currency=defaults.currency,
        state=WorkspaceState.TRIAL,
        trial_ends_at=trial_end(at, trial_days),
    )
    session.add(workspace)
    await session.flush()
    for founder in FOUNDERS:
        await founder(session, caller, at)
    return workspace
