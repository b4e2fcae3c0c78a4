"""Reads of tickets."""

from services.customers.accounts.queries import account
from services.customers.contacts.queries import contact
from services.kit.paging import Key
from services.kit.permissions import Permission
from services.kit.reads import Many, One, ReadModel, Search, names, open_list, read_model
from services.support.tickets.models import Ticket, TicketEntry

ticket = read_model(
    ReadModel(
        name="ticket",
        table=Ticket,
        permission=Permission.TICKET_READ,
        links={
            "account": One("account", Ticket.account_id),
            "contact": One("contact", Ticket.contact_id),
            "assignee": One("member", Ticket.assignee_id),
            "entries": Many("ticket_entry", TicketEntry.ticket_id),
        },
        filters={
            "search": Search("ticket"),
            "number": lambda number: Ticket.number == number,
            "state": lambda states: Ticket.state.in_(states),
            "type": lambda types: Ticket.type.in_(types),
            "priority": lambda priorities: Ticket.priority.in_(priorities),
            "assignee_id": names(Ticket.assignee_id),
        },
        orders={
            "NEWEST": (Key(Ticket.number, descending=True),),
            "OLDEST": (Key(Ticket.number),),
            "LAST_ACTIVITY": (Key(Ticket.last_activity_at, descending=True),),
        },
    )
)
ticket_entry = read_model(
    ReadModel(
        name="ticket_entry",
        table=TicketEntry,
        permission=Permission.TICKET_READ,
        links={
            "author": One("member", TicketEntry.author_id),
            "contact": One("contact", TicketEntry.contact_id),
            "assignee": One("member", TicketEntry.assignee_id),
        },
        orders={"OLDEST": (Key(TicketEntry.occurred_at),)},
        default_order="OLDEST",
    )
)
open_list(account, "tickets", Many("ticket", Ticket.account_id))
open_list(contact, "tickets", Many("ticket", Ticket.contact_id))
