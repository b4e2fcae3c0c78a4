"""What each role may do, in one table."""

from enum import StrEnum


class Role(StrEnum):
    """This will name the part a member plays in a workspace."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MANAGER = "MANAGER"
    REPRESENTATIVE = "REPRESENTATIVE"
    SUPPORT_AGENT = "SUPPORT_AGENT"
    VIEWER = "VIEWER"


class Permission(StrEnum):
    """This will name one thing that a role may or may not do."""

    WORKSPACE_READ = "workspace.read"
    WORKSPACE_MANAGE = "workspace.manage"
    MEMBER_READ = "member.read"
    MEMBER_MANAGE = "member.manage"
    CUSTOMER_READ = "customer.read"
    CUSTOMER_WRITE = "customer.write"
    PRODUCT_READ = "product.read"
    PRODUCT_WRITE = "product.write"
    PROCESS_READ = "process.read"
    PROCESS_MANAGE = "process.manage"
    LEAD_READ = "lead.read"
    LEAD_WRITE = "lead.write"
    LEAD_ASSIGN = "lead.assign"
    OPPORTUNITY_READ = "opportunity.read"
    OPPORTUNITY_WRITE = "opportunity.write"
    OPPORTUNITY_ADVANCE = "opportunity.advance"
    REMINDER_USE = "reminder.use"
    REMINDER_ASSIGN = "reminder.assign"
    TICKET_READ = "ticket.read"
    TICKET_WRITE = "ticket.write"
    TICKET_ASSIGN = "ticket.assign"
    IMPORT_RUN = "import.run"
    REPORT_READ = "report.read"


P = Permission
READS = frozenset(
    {P.WORKSPACE_READ, P.MEMBER_READ, P.CUSTOMER_READ, P.PRODUCT_READ, P.PROCESS_READ, P.LEAD_READ}
    | {P.OPPORTUNITY_READ, P.TICKET_READ, P.REMINDER_USE}
)
SELLS = READS | {P.CUSTOMER_WRITE, P.LEAD_WRITE, P.OPPORTUNITY_WRITE, P.OPPORTUNITY_ADVANCE, P.REPORT_READ}
SUPPORTS = READS | {P.CUSTOMER_WRITE, P.TICKET_WRITE, P.TICKET_ASSIGN}
MANAGES = SELLS | SUPPORTS | {P.LEAD_ASSIGN, P.REMINDER_ASSIGN, P.PRODUCT_WRITE, P.IMPORT_RUN}
ADMINISTERS = MANAGES | {P.WORKSPACE_MANAGE, P.MEMBER_MANAGE, P.PROCESS_MANAGE}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: ADMINISTERS,
    Role.ADMIN: ADMINISTERS,
    Role.MANAGER: MANAGES,
    Role.REPRESENTATIVE: SELLS | {P.TICKET_WRITE},
    Role.SUPPORT_AGENT: SUPPORTS,
    Role.VIEWER: READS | {P.REPORT_READ},
}


def allows(role: Role, permission: Permission) -> bool:
    """This will tell whether a role holds a permission."""
    return permission in ROLES[role]
