"""Reads of workspaces."""

from services.kit.permissions import Permission
from services.kit.reads import ReadModel, read_model
from services.kit.tenancy import ReadSession
from services.tenants.workspaces.models import Workspace

workspace = read_model(ReadModel(name="workspace", table=Workspace, permission=Permission.WORKSPACE_READ))


async def current(session: ReadSession) -> Workspace:
    """This will give the workspace of the session's tenant."""
    tenant_id = session.info["caller"].tenant_id
    found = await session.get(Workspace, (tenant_id, tenant_id))
    if found is None:
        raise LookupError(f"tenant {tenant_id} has no workspace")
    return found
