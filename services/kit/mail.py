"""Mail: plain words first, sent over SMTP, or laid in a folder where no server is configured."""

import asyncio
import html
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from email_validator import validate_email

from services.kit.clock import system_clock
from services.kit.errors import Locale
from services.kit.settings import Settings

log = structlog.get_logger(__name__)

SECONDS: Final = 20.0  # less than a lease, so that a server which hangs is given up before another worker begins
LINK: Final = re.compile(r"https?://\S+")
UNSAFE_IN_FILE_NAMES: Final = re.compile(r"[^\w.@-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """This will be one letter to one person.

    ``message_id`` is the id of whatever caused the mail: a mail that is sent again after a failure is the same mail to
    the reader's mailbox. ``html`` is made of the text when it is not given.
    """

    to: str
    subject: str
    text: str
    message_id: str
    locale: Locale
    html: str | None = None


def as_html(text: str, locale: Locale) -> str:
    """This will dress a plain text for readers of HTML: its direction, its paragraphs, its links."""
    paragraphs = [
        LINK.sub(lambda found: f'<a dir="ltr" href="{found[0]}">{found[0]}</a>', html.escape(part)).replace(
            "\n", "<br>"
        )
        for part in text.strip().split("\n\n")
    ]
    direction = "rtl" if locale == "fa" else "ltr"
    body = "".join(f"<p>{part}</p>" for part in paragraphs)
    return f'<!doctype html><html lang="{locale}" dir="{direction}"><meta charset="utf-8"><body>{body}</body></html>'


def written(settings: Settings, mail: Mail) -> EmailMessage:
    """This will write a mail as a message of the standard; non-ASCII names, subjects and addresses stay as they are."""
    name, address = parseaddr(settings.mail_from)
    domain = address.rpartition("@")[2]
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = Address(name, addr_spec=address)
    local_part, _, to_domain = deliverable(mail.to).rpartition("@")
    message["To"] = Address(username=local_part, domain=to_domain)  # addr_spec= refuses non-ASCII local parts
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(system_clock())
    message["Message-ID"] = f"<{mail.message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html or as_html(mail.text, mail.locale), subtype="html")
    message["Content-Language"] = mail.locale
    return message


def deliverable(address: str) -> str:
    """This will spell an address so that as many servers as possible take it: an international domain in ASCII.

    Only a non-ASCII part before the @ needs a server that knows SMTPUTF8.
    """
    checked = validate_email(address, check_deliverability=False)
    return checked.ascii_email or checked.normalized


async def send(settings: Settings, mail: Mail) -> None:
    """This will hand a mail to the SMTP server, or to the mail folder, and return when it was taken.

    Raises whatever the server or the disk says; the caller's work is then tried again with the same message id.
    """
    message = written(settings, mail)
    if settings.smtp_url:
        await _over_smtp(settings.smtp_url, message)
        log.info("mail sent", message_id=str(message["Message-ID"]))
        return
    path = await asyncio.to_thread(_into_folder, settings.mail_folder, mail.message_id, message)
    log.info("mail written", to=mail.to, subject=mail.subject, links=LINK.findall(mail.text), file=str(path))


async def _over_smtp(url: str, message: EmailMessage) -> None:
    """Sends through ``smtp://`` or ``smtps://``; a password never travels without TLS."""
    server = urlsplit(url)
    await aiosmtplib.send(
        message,
        hostname=server.hostname,
        port=server.port,
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=server.scheme == "smtps",
        start_tls=True if server.username and server.scheme != "smtps" else None,
        timeout=SECONDS,
    )


def _into_folder(folder: Path, message_id: str, message: EmailMessage) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mails hold links that let people in
    path = folder / f"{UNSAFE_IN_FILE_NAMES.sub('-', message_id)}.eml"
    unfinished = path.with_suffix(".part")  # a reader of the folder never sees half a mail
    unfinished.write_bytes(message.as_bytes())
    unfinished.replace(path)
    return path
