"""The demo: two small businesses, one that speaks Persian and one that speaks English, made up by this file.

Everything is entered through the services that the product itself uses, so what a visitor sees is what they could have
entered. It is made once for an installation; a later start finds it and only gives the log-ins again.
"""

import asyncio
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from services.customers.accounts import service as accounts
from services.customers.contacts import service as contacts
from services.kit.errors import Locale
from services.kit.ids import new_id
from services.kit.money import Money, parse_money
from services.kit.passwords import HASHER, normal
from services.kit.permissions import Role
from services.kit.signing import digest
from services.kit.tenancy import SYSTEM_TENANT, Caller, Database, WriteSession, open_database, read, write
from services.local.home import write_private
from services.local.runtime import DemoLogin, Environment
from services.pipeline.leads import service as leads
from services.pipeline.leads.service import Touch
from services.pipeline.opportunities import service as opportunities
from services.pipeline.opportunities.rules import HistoricOpportunity, HistoricVisit
from services.pipeline.products import service as products
from services.reminders import service as reminders
from services.support.tickets import service as tickets
from services.support.tickets.models import TicketPriority, TicketType
from services.tenants.access import queries as access
from services.tenants.access import service as entrance
from services.tenants.directory import queries as directory_queries
from services.tenants.directory import service as directory
from services.tenants.members import service as members

TRIAL_DAYS: Final = 14
CLOSED_DEALS: Final = 36
LIVE_DEALS: Final = 22
OPEN_STAGES: Final = ("lead_generation", "qualification", "contact", "presentation", "objection_handling", "closing")


@dataclass(frozen=True, slots=True)
class Business:
    """This will be what one demo workspace is filled with, in its own language."""

    locale: Locale
    email: str
    owner: str
    name: str
    manager: tuple[str, str]
    sellers: tuple[str, ...]
    products: tuple[tuple[str, str, str], ...]
    accounts: tuple[tuple[str, str, str], ...]
    people: tuple[tuple[str, str], ...]
    leads: tuple[tuple[str, str, str], ...]
    tickets: tuple[tuple[str, str], ...]
    deal: str
    lost: tuple[str, ...]
    reminder: str
    reply: str
    note: str


PERSIAN: Final = Business(
    locale="fa",
    email="demo.fa@example.com",
    owner="نگار روشن",
    name="بازرگانی روشن",
    manager=("کامران یگانه", "تهران"),
    sellers=("پریسا کاویان", "بابک مهرگان", "سارا نیکو"),
    products=(
        ("سرور رومیزی", "سخت‌افزار", "۸۵۰٬۰۰۰٬۰۰۰"),
        ("بستهٔ حسابداری", "نرم‌افزار", "۱۲۰٬۰۰۰٬۰۰۰"),
        ("پشتیبانی سالانه", "خدمات", "۹۵٬۰۰۰٬۰۰۰"),
        ("راه‌اندازی شبکه", "خدمات", "۲۴۰٬۰۰۰٬۰۰۰"),
    ),
    accounts=(
        ("پخش سپیدار", "پخش", "تهران"),
        ("کارخانهٔ آذرین", "تولید", "تبریز"),
        ("داروسازی مهرآوا", "دارو", "اصفهان"),
        ("هتل‌های باران", "گردشگری", "رشت"),
        ("آموزشگاه دانش‌نو", "آموزش", "مشهد"),
        ("ترابری کاروان", "ترابری", "بندرعباس"),
        ("کشت و صنعت گندم‌زار", "کشاورزی", "اهواز"),
        ("پوشاک نیلوفر", "پوشاک", "یزد"),
    ),
    people=(
        ("مینا صبوری", "مدیر خرید"),
        ("آرش توانا", "مدیر عامل"),
        ("لیلا فرهمند", "مدیر مالی"),
        ("حامد پویا", "کارشناس فناوری"),
        ("زهره دانا", "مدیر خرید"),
        ("سیاوش امیدی", "مدیر عامل"),
        ("نرگس بهار", "مدیر اداری"),
        ("فرهاد کیانی", "مدیر فنی"),
    ),
    leads=(
        ("رضا شکیبا", "فروشگاه شکیبا", "وب‌گاه"),
        ("مهسا رفیعی", "کلینیک رفیعی", "نمایشگاه"),
        ("پیمان سروری", "چاپ سروری", "معرفی مشتری"),
        ("الهام نوری", "گلخانهٔ نوری", "تماس تلفنی"),
    ),
    tickets=(("فاکتور فروردین دو بار صادر شده است", "COMPLAINT"), ("راهنمای نصب را می‌خواهیم", "REQUEST")),
    deal="{product} برای {account}",
    lost=("قیمت بالا بود", "رقیب زودتر رسید", "بودجه تأمین نشد"),
    reminder="تماس با {person} پیش از جلسهٔ ارائه",
    reply="سلام، موضوع را بررسی می‌کنیم و تا پایان امروز پاسخ می‌دهیم.",
    note="با واحد مالی هماهنگ شد.",
)

ENGLISH: Final = Business(
    locale="en",
    email="demo.en@example.com",
    owner="Nora Bright",
    name="Bright Supplies",
    manager=("Colin Hartley", "North"),
    sellers=("Paula Reyes", "Ben Marsh", "Sofia Lund"),
    products=(
        ("Desk server", "Hardware", "8500"),
        ("Ledger suite", "Software", "1200"),
        ("Yearly care", "Services", "950"),
        ("Network setup", "Services", "2400"),
    ),
    accounts=(
        ("Cedar Distribution", "Distribution", "Leeds"),
        ("Northforge Works", "Manufacturing", "Sheffield"),
        ("Mereva Pharma", "Pharma", "Cambridge"),
        ("Rainhouse Hotels", "Hospitality", "Bath"),
        ("Newleaf Academy", "Education", "York"),
        ("Caravan Freight", "Logistics", "Hull"),
        ("Wheatfield Farms", "Agriculture", "Norwich"),
        ("Waterlily Clothing", "Apparel", "Bristol"),
    ),
    people=(
        ("Mina Sabri", "Head of purchasing"),
        ("Arthur Vance", "Managing director"),
        ("Lily Farrow", "Head of finance"),
        ("Henry Poole", "IT specialist"),
        ("Zoe Dane", "Head of purchasing"),
        ("Simon Ames", "Managing director"),
        ("Nina Barker", "Office manager"),
        ("Frank Kean", "Head of engineering"),
    ),
    leads=(
        ("Ray Shaw", "Shaw Stores", "Website"),
        ("Maya Rafferty", "Rafferty Clinic", "Trade fair"),
        ("Paul Sorrel", "Sorrel Print", "Referral"),
        ("Ella North", "North Nurseries", "Phone call"),
    ),
    tickets=(("The March invoice was issued twice", "COMPLAINT"), ("We need the installation guide", "REQUEST")),
    deal="{product} for {account}",
    lost=("The price was too high", "A competitor was faster", "No budget"),
    reminder="Call {person} before the presentation",
    reply="Hello, we are looking into it and will answer by the end of the day.",
    note="Agreed with finance.",
)


def seed_demo(environment: Environment) -> Sequence[DemoLogin]:
    """This will make the two demo workspaces where they are missing, and give their log-ins."""
    return asyncio.run(_seed(environment))


async def _seed(environment: Environment) -> Sequence[DemoLogin]:
    password = _password(environment)
    database = open_database(environment.urls.app, pool_size=2, name="ravand-demo")
    try:
        for business in (PERSIAN, ENGLISH):
            if not await _exists(database, business):
                await _fill(database, environment, business, password)
    finally:
        await database.close()
    return [DemoLogin(b.name, b.locale, Role.OWNER, b.email, password) for b in (PERSIAN, ENGLISH)]


def _password(environment: Environment) -> str:
    """Makes up the password of the demo once; it lies in the data home, for its owner only."""
    place = environment.home / "demo.json"
    if place.exists():
        return str(json.loads(place.read_text(encoding="utf-8"))["password"])
    password = f"demo-{secrets.token_urlsafe(9)}"
    write_private(place, json.dumps({"password": password}) + "\n")
    return password


async def _exists(database: Database, business: Business) -> bool:
    _, key = entrance.proper_email(business.email, path=())
    async with read(database, Caller(tenant_id=SYSTEM_TENANT)) as session:
        return await directory_queries.find_login(session, email_key=key) is not None


async def _fill(database: Database, environment: Environment, business: Business, password: str) -> None:
    owner = await _sign_up(database, environment, business, password)
    async with write(database, owner) as (session, at):
        await _Filling(session, owner, business, at).everything()


async def _sign_up(database: Database, environment: Environment, business: Business, password: str) -> Caller:
    """Signs the owner up and verifies the address, the way anyone does, without the mail."""
    email, key = entrance.proper_email(business.email, path=())
    token = secrets.token_urlsafe(32)
    async with write(database, Caller(tenant_id=SYSTEM_TENANT)) as (session, at):
        await directory.enter_sign_up(
            session,
            sign_up_id=new_id(),
            email=email,
            email_key=key,
            name=business.owner,
            workspace_name=business.name,
            locale=business.locale,
            password_hash=await asyncio.to_thread(HASHER.hash, normal(password)),
            token_digest=digest(token),
            life=timedelta(hours=1),
            at=at,
        )
    new_tenant = Caller(tenant_id=new_id(), locale=business.locale)
    async with write(database, new_tenant) as (session, at):
        entered = await entrance.verify_email(
            session,
            new_tenant,
            secret=SecretStr(environment.secret_key),
            token=token,
            trial_days=TRIAL_DAYS,
            session_life=timedelta(minutes=1),
            at=at,
        )
    async with read(database, entered.caller) as session:
        found = await access.acting_member(
            session, member_id=entered.caller.member, request_id="demo", channel="GRAPHQL"
        )
    if found is None:
        raise LookupError("the owner of the demo is not there")
    return found


class _Filling:
    """One transaction's worth of a small business; the dice are the same at every installation."""

    def __init__(self, session: WriteSession, owner: Caller, business: Business, at: datetime) -> None:
        self.session, self.owner, self.business, self.at = session, owner, business, at
        self.dice = random.Random(7)  # noqa: S311 # demo data, no secret
        self.sellers: list[UUID] = []
        self.products: list[tuple[UUID, str, Money]] = []
        self.accounts: list[tuple[UUID, str]] = []
        self.contacts: list[tuple[UUID, str]] = []

    async def everything(self) -> None:
        await self.people()
        await self.catalogue()
        await self.customers()
        await self.closed_deals()
        await self.live_deals()
        await self.leads()
        await self.support()

    async def people(self) -> None:
        name, region = self.business.manager
        manager = await members.add_member(
            self.session, self.owner, name=name, role=Role.MANAGER, region=region, at=self.at
        )
        for seller in self.business.sellers:
            added = await members.add_member(
                self.session,
                self.owner,
                name=seller,
                role=Role.REPRESENTATIVE,
                manager_id=manager.id,
                region=region,
                at=self.at,
            )
            self.sellers.append(added.id)

    async def catalogue(self) -> None:
        for name, series, price in self.business.products:
            money = parse_money(price, self.owner.currency)
            product = await products.create_product(
                self.session, self.owner, name=name, series=series, price=money, at=self.at
            )
            self.products.append((product.id, name, money))

    async def customers(self) -> None:
        for number, ((name, sector, city), (person, title)) in enumerate(
            zip(self.business.accounts, self.business.people, strict=True)
        ):
            owner = self.sellers[number % len(self.sellers)]
            account = await accounts.create_account(
                self.session, self.owner, name=name, sector=sector, city=city, owner_id=owner, at=self.at
            )
            contact = await contacts.create_contact(
                self.session, self.owner, name=person, title=title, owner_id=owner, at=self.at
            )
            await contacts.link_contact(
                self.session, self.owner, account_id=account.id, contact_id=contact.id, role=title, at=self.at
            )
            self.accounts.append((account.id, name))
            self.contacts.append((contact.id, person))

    async def closed_deals(self) -> None:
        """Records a year of deals that were won or lost before the workspace began, as an import does."""
        items = []
        for number in range(CLOSED_DEALS):
            product_id, product, price = self.dice.choice(self.products)
            account_id, account = self.dice.choice(self.accounts)
            opened = self.at - timedelta(days=self.dice.randint(60, 360))
            cycle = self.dice.randint(12, 55)
            won = self.dice.random() < 0.6
            path = OPEN_STAGES if won else OPEN_STAGES[: self.dice.randint(2, len(OPEN_STAGES))]
            moments = [opened + timedelta(days=cycle) * step / len(path) for step in range(len(path) + 1)]
            stages = (*path, "follow_up" if won else "lost")
            items.append(
                HistoricOpportunity(
                    external_source="demo",
                    external_id=f"{number + 1:03}",
                    name=self.business.deal.format(product=product, account=account),
                    owner_id=self.dice.choice(self.sellers),
                    account_id=account_id,
                    product_id=product_id,
                    amount=self._amount(price),
                    visits=tuple(HistoricVisit(key, moment) for key, moment in zip(stages, moments, strict=True)),
                    opened_on=opened.date(),
                    close_reason=None if won else self.dice.choice(self.business.lost),
                )
            )
        await opportunities.record_history(self.session, self.owner, items, at=self.at)

    async def live_deals(self) -> None:
        """Opens deals and walks each to its stage through the same door that people use."""
        for number in range(LIVE_DEALS):
            product_id, product, price = self.dice.choice(self.products)
            account_id, account = self.accounts[number % len(self.accounts)]
            deal = await opportunities.create_opportunity(
                self.session,
                self.owner,
                name=self.business.deal.format(product=product, account=account),
                account_id=account_id,
                contact_id=self.contacts[number % len(self.contacts)][0],
                product_id=product_id,
                owner_id=self.dice.choice([*self.sellers, self.owner.member]),
                amount=self._amount(price),
                expected_close_on=(self.at + timedelta(days=self.dice.randint(5, 90))).date(),
                at=self.at,
            )
            for stage in OPEN_STAGES[1 : 1 + number % len(OPEN_STAGES)]:
                await opportunities.advance(
                    self.session, self.owner, opportunity_id=deal.id, to_stage=stage, at=self.at
                )
        tomorrow = (self.at.astimezone(ZoneInfo(self.owner.zone)) + timedelta(days=1)).date()
        await reminders.set_reminder(
            self.session,
            self.owner,
            text=self.business.reminder.format(person=self.contacts[0][1]),
            remind_at=datetime.combine(tomorrow, time(9), tzinfo=ZoneInfo(self.owner.zone)),
            at=self.at,
        )

    async def leads(self) -> None:
        for name, company, source in self.business.leads:
            await leads.create_lead(
                self.session, self.owner, name=name, company=company, touch=Touch(source=source), at=self.at
            )

    async def support(self) -> None:
        for number, (subject, kind) in enumerate(self.business.tickets):
            ticket = await tickets.open_ticket(
                self.session,
                self.owner,
                subject=subject,
                type=TicketType(kind),
                priority=TicketPriority.HIGH if kind == "COMPLAINT" else TicketPriority.NORMAL,
                account_id=self.accounts[number][0],
                contact_id=self.contacts[number][0],
                at=self.at,
            )
            await tickets.reply_to_ticket(
                self.session, self.owner, ticket_id=ticket.id, body=self.business.reply, at=self.at
            )
            await tickets.add_internal_note(
                self.session, self.owner, ticket_id=ticket.id, body=self.business.note, at=self.at
            )

    def _amount(self, price: Money) -> Money:
        return Money(price.minor * self.dice.randint(1, 6), price.currency)
