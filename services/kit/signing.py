"""Signed, expiring tokens: access tokens and links carry their own proof."""

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
