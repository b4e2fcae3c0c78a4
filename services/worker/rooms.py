"""Which rooms have work for a worker: importing their tasks registers what they handle and listen to."""

from services.imports import tasks as imports
from services.reminders import tasks as reminders
from services.reports import tasks as reports
from services.tenants.access import tasks as access
from services.tenants.invitations import tasks as invitations

__all__ = ["access", "imports", "invitations", "reminders", "reports"]
