"""The mails that lie in a mail folder, read as their receivers would."""

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def letters(folder: Path, to: str | None = None) -> list[EmailMessage]:
    """Gives the mails in a folder (those to an address, when named), the oldest first."""
    parser = BytesParser(policy=policy.default)
    found = [parser.parsebytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]
    return [mail for mail in found if to is None or recipient(mail) == to]


def recipient(mail: EmailMessage) -> str:
    """Gives the address a mail goes to; the parser leaves the bytes of non-ASCII local parts as they are."""
    address: str = mail["To"].addresses[0].addr_spec
    return address.encode("utf-8", "surrogateescape").decode()


def plain(mail: EmailMessage) -> str:
    """Gives the plain words of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def token_of(mail: EmailMessage) -> str:
    """Gives the token in the link of a mail."""
    found = re.search(r"https?://\S+", plain(mail))
    assert found is not None
    return parse_qs(urlsplit(found[0]).query)["token"][0]
