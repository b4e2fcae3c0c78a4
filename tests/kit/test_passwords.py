"""Passwords: argon2id at the floor, in few threads, never waited for without end."""

import asyncio
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from services.kit import passwords as module
from services.kit.errors import RateLimited
from services.kit.passwords import Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    opened = Passwords(2)
    yield opened
    opened.close()


async def test_a_hash_is_argon2id_at_the_floor_and_salted(passwords: Passwords) -> None:
    first, second = await asyncio.gather(passwords.hashed("گذرواژهٔ خوب"), passwords.hashed("گذرواژهٔ خوب"))
    found = extract_parameters(first)
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19_456, 2, 1)
    assert first != second


async def test_the_right_password_matches_however_it_was_composed(passwords: Passwords) -> None:
    kept = await passwords.hashed("caf\u00e9 au lait")
    assert await passwords.match("cafe\u0301 au lait", kept)
    assert not await passwords.match("cafe au lait", kept)
    assert not await passwords.match("", kept)


async def test_nobodys_password_is_worked_on_and_never_matches(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []
    real = module._matches

    def counted(kept: str, given: bytes) -> bool:
        worked.append(kept)
        return real(kept, given)

    monkeypatch.setattr(module, "_matches", counted)
    assert not await passwords.match("the password of nobody", None)
    assert len(worked) == 1


async def test_more_than_can_be_worked_off_are_refused(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_room", 1)
    answers = await asyncio.gather(*(passwords.hashed("x") for _ in range(3)), return_exceptions=True)
    assert [isinstance(answer, RateLimited) for answer in answers] == [False, True, True]
    assert await passwords.hashed("x")
