"""Every table in the house, for metadata, migrations and tests."""

from services.kit import due, files, outbox
from services.kit.db import Base
from services.tenants.access import models as access
from services.tenants.members import models as members
from services.tenants.workspaces import models as workspaces

metadata = Base.metadata

__all__ = ["access", "due", "files", "members", "metadata", "outbox", "workspaces"]
