"""Signed, expiring tokens: access tokens and links carry their own proof; sealed tokens name a row that decides."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

ALGORITHM = "HS256"


def sign(secret: SecretStr, purpose: str, claims: dict[str, Any], *, at: datetime, seconds: int) -> str:
    """This will make a token for one purpose that is good for ``seconds`` after ``at``."""
    body = {**claims, "use": purpose, "exp": int((at + timedelta(seconds=seconds)).timestamp())}
    return jwt.encode({"alg": ALGORITHM}, body, OctKey.import_key(secret.get_secret_value()))


def verify(secret: SecretStr, purpose: str, token: str, *, at: datetime) -> dict[str, Any] | None:
    """This will give the claims of a token made for this purpose and not expired at ``at``, else None."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret.get_secret_value()), algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, UnicodeError):
        return None
    expires = claims.get("exp")
    if claims.get("use") != purpose or not isinstance(expires, int) or at.timestamp() >= expires:
        return None
    return dict(claims)


SEAL_BYTES = 32


def seal(secret: SecretStr, purpose: str, body: bytes) -> str:
    """This will make a token out of ``body`` that only the installation can have made; the same body seals alike.

    Whoever holds the secret can make it again from an id, so a mail that is sent later needs no secret kept for it.
    """
    return base64.urlsafe_b64encode(body + _mac(secret, purpose, body)).decode().rstrip("=")


def unseal(secret: SecretStr, purpose: str, token: str) -> bytes | None:
    """This will give the body of a token that was sealed for this purpose, else None."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    body = raw[:-SEAL_BYTES]
    # Made anew and compared whole: unused bits at the end of the text would let one token be written in several ways.
    return body if hmac.compare_digest(seal(secret, purpose, body).encode(), token.encode()) else None


def digest(token: str) -> str:
    """This will give what is kept of a token: enough to know it again, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _mac(secret: SecretStr, purpose: str, body: bytes) -> bytes:
    return hmac.digest(secret.get_secret_value().encode(), purpose.encode() + b"\0" + body, "sha256")
