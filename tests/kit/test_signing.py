"""Sealed tokens: made by us, for one purpose, in one spelling."""

import pytest
from pydantic import SecretStr

from services.kit.signing import digest, seal, unseal

SECRET = SecretStr("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("size", [0, 1, 2, 16, 33, 64])
def test_a_sealed_body_comes_back(size: int) -> None:
    body = bytes(range(size))
    token = seal(SECRET, "a", body)
    assert unseal(SECRET, "a", token) == body
    assert seal(SECRET, "a", body) == token
    assert unseal(SECRET, "b", token) is None
    assert unseal(SecretStr("another"), "a", token) is None


@pytest.mark.parametrize("size", [1, 16])
def test_any_other_spelling_is_refused(size: int) -> None:
    token = seal(SECRET, "a", bytes(size))
    for place in range(len(token)):
        for letter in "ABQg-_":
            altered = token[:place] + letter + token[place + 1 :]
            assert (unseal(SECRET, "a", altered) is None) == (altered != token)
    for altered in (token + "=", token + "A", token[:-1], f" {token}", "", "=", "é", "\x00"):
        assert unseal(SECRET, "a", altered) is None


def test_a_digest_tells_tokens_apart() -> None:
    assert digest("a") == digest("a") != digest("b")
    assert len(digest("a")) == 64
