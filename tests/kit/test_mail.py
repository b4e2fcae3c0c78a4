"""Mail: over a real SMTP conversation, and into the folder."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtplib import SMTPConnectError

from services.kit.mail import Mail, as_html, deliverable, send
from services.kit.settings import Settings

LETTER = Mail(
    to="sara@example.com",
    subject="تأیید رایانامه\nبرای روند",
    text="سلام سارا\n\nاین پیوند را باز کنید:\nhttp://127.0.0.1:8000/verify-email?token=abc-_1\n",
    message_id="0199-id",
    locale="fa",
)


@dataclass
class Mailbox:
    """An SMTP server's handler that keeps what it is given."""

    envelopes: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 # aiosmtpd's name
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


def configured(folder: Path, smtp_url: str = "") -> Settings:
    return Settings(_env_file=None, home=folder, smtp_url=smtp_url, mail_from="Ravand روند <no-reply@ravand.example>")


def parsed(content: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(content)


def words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_mail_is_really_sent_over_smtp(tmp_path: Path, mailbox: tuple[Mailbox, str]) -> None:
    handler, url = mailbox
    settings = configured(tmp_path, url)
    await send(settings, LETTER)
    (envelope,) = handler.envelopes
    assert envelope.mail_from == "no-reply@ravand.example"
    assert envelope.rcpt_tos == ["sara@example.com"]
    mail = parsed(envelope.content)
    assert mail["Subject"] == "تأیید رایانامه برای روند"
    assert mail["Message-ID"] == "<0199-id@ravand.example>"
    assert mail["Content-Language"] == "fa"
    assert mail["From"].addresses[0].display_name == "Ravand روند"
    assert words(mail, "plain") == LETTER.text
    assert 'dir="rtl"' in words(mail, "html")
    assert not settings.mail_folder.exists()


async def test_a_local_part_in_persian_travels_as_it_is(tmp_path: Path, mailbox: tuple[Mailbox, str]) -> None:
    handler, url = mailbox
    await send(
        configured(tmp_path, url), Mail(to="سارا@example.com", subject="x", text="y", message_id="1", locale="en")
    )
    assert handler.envelopes[0].rcpt_tos == ["سارا@example.com"]


def test_an_international_domain_is_written_for_every_server() -> None:
    assert deliverable("sara@شرکت.ایران") == "sara@xn--pgbni38b.xn--mgba3a4f16a"
    assert deliverable("سارا@شرکت.ایران") == "سارا@شرکت.ایران"


async def test_without_a_server_mails_lie_in_the_folder_and_their_links_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # a second attempt of the same work is the same mail
        await send(configured(tmp_path), LETTER)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "0199-id.eml"
    assert words(parsed(path.read_bytes()), "plain") == LETTER.text
    assert "http://127.0.0.1:8000/verify-email?token=abc-_1" in capsys.readouterr().out


async def test_nobody_else_on_the_machine_can_look_into_the_folder(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    await send(settings, Mail(to="a@example.com", subject="x", text="y", message_id="z", locale="en"))
    assert settings.mail_folder.stat().st_mode & 0o077 == 0


async def test_a_server_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SMTPConnectError):
        await send(configured(tmp_path, "smtp://127.0.0.1:9"), LETTER)


def test_html_is_escaped_directed_and_linked() -> None:
    made = as_html("<b> & co\n\nhttps://x.example/?a=1&b=2", "en")
    assert "&lt;b&gt; &amp; co" in made
    assert 'href="https://x.example/?a=1&amp;b=2"' in made
    assert 'dir="ltr"' in made
