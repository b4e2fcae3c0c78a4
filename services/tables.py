"""Every table in the house, for metadata, migrations and tests."""

from services.customers.accounts import models as accounts
from services.customers.contacts import models as contacts
from services.imports import models as imports
from services.kit import due, files, idempotency, outbox
from services.kit.db import Base
from services.pipeline.leads import models as leads
from services.pipeline.opportunities import models as opportunities
from services.pipeline.processes import models as processes
from services.pipeline.products import models as products
from services.reminders import models as reminders
from services.reports import models as reports
from services.support.tickets import models as tickets
from services.tenants.access import models as access
from services.tenants.directory import models as directory
from services.tenants.invitations import models as invitations
from services.tenants.members import models as members
from services.tenants.workspaces import models as workspaces

metadata = Base.metadata

__all__ = [
    "access",
    "accounts",
    "contacts",
    "directory",
    "due",
    "files",
    "idempotency",
    "imports",
    "invitations",
    "leads",
    "members",
    "metadata",
    "opportunities",
    "outbox",
    "processes",
    "products",
    "reminders",
    "reports",
    "tickets",
    "workspaces",
]
