"""How often somebody may try to get in: leaky buckets in Valkey, closed when it is away."""

import hmac
import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from redis.exceptions import RedisError

from schema.context import Context
from services.kit.errors import Message, RateLimited
from services.kit.tenancy import SYSTEM_TENANT

TOO_OFTEN: Final = Message(
    "too_often",
    "Too many attempts; try again in {seconds} seconds.",
    "تلاش‌های زیادی انجام شد؛ {seconds} ثانیهٔ دیگر دوباره تلاش کنید.",
)
CLOSED: Final = Message(
    "log_in_closed",
    "Logging in is closed for a moment; try again shortly. Whoever is logged in can go on working.",
    "ورود برای لحظه‌ای بسته است؛ کمی بعد دوباره تلاش کنید. کسانی که وارد شده‌اند می‌توانند به کارشان ادامه دهند.",
)

# Each bucket is one number: the moment at which it will have leaked empty. Either all have room, or none is filled.
LEAKY_BUCKETS: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local empty, wait = {}, 0
for i, key in ipairs(KEYS) do
    local burst, interval = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    empty[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + interval
    wait = math.max(wait, empty[i] - now - burst * interval)
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', empty[i]), 'PX', string.format('%.0f', empty[i] - now))
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """This will take ``burst`` drops at once and leak one every ``seconds``."""

    name: str
    burst: int
    seconds: float


# A stranger who guesses at an account from elsewhere fills a bucket of their own, not that of the account's owner.
ACCOUNT: Final = Bucket("account", burst=10, seconds=30)
# An office of a few hundred people may share one address; a machine that tries one account after another is slowed.
ADDRESS: Final = Bucket("address", burst=300, seconds=1)
# Mails to one mailbox, whoever causes them: nobody's is flooded, and who lost a mail waits two minutes at most.
MAILBOX: Final = Bucket("mailbox", burst=5, seconds=120)
# Invitations of one workspace.
INVITATIONS: Final = Bucket("invitations", burst=100, seconds=30)


def network(address: str) -> str:
    """This will give the part of a client's address that the client cannot choose: of IPv6 the first half."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


async def admit(context: Context, *asked: tuple[Bucket, str]) -> None:
    """This will count one attempt in each bucket, or refuse it and say for how long.

    Raises ``RateLimited``, also when Valkey is away: guessing must not become free by flooding the counter.
    """
    secret = context.services.settings.secret_key.get_secret_value().encode()
    keys = [
        f"ravand:{{{SYSTEM_TENANT}}}:throttle:{bucket.name}:{hmac.digest(secret, subject.encode(), 'sha256').hex()}"
        for bucket, subject in asked  # no address and no e-mail can be read in Valkey
    ]
    sizes = [number for bucket, _ in asked for number in (bucket.burst, round(bucket.seconds * 1000))]
    try:
        wait = await context.services.redis.eval(LEAKY_BUCKETS, len(keys), *keys, *sizes)
    except (RedisError, OSError) as error:
        raise RateLimited(CLOSED) from error
    if wait:
        raise RateLimited(TOO_OFTEN, seconds=math.ceil(int(wait) / 1000))


async def admit_from(context: Context, *account: str) -> None:
    """This will count an attempt to get in by the caller's address, and by what it was aimed at when that is known."""
    address = network(context.address)
    await admit(context, (ADDRESS, address), *((ACCOUNT, f"{address} {aim}") for aim in account))
