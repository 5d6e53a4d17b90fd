"""Checks at the start that Redis and RabbitMQ let us in. A server that is away is waited for later."""

import ssl
from collections.abc import Iterator

from amqp.exceptions import AccessRefused, NotAllowed
from kombu import Connection
from kombu.exceptions import KombuError
from redis import AuthenticationError, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.errors import ConfigError
from pipeline.settings import Settings

TIMEOUT_S = 3
WRONG_USER = "refuses the user or the password of the address"


def check(settings: Settings) -> None:
    """Raises ConfigError where a server refuses for good: its certificate, the password, the vhost, the socket."""
    addresses = {"REDIS_URL": settings.redis.for_redis}
    if settings.broker_url and not settings.broker.is_amqp:
        addresses["BROKER_URL"] = settings.broker.for_redis
    refusals = [(name, _redis(address)) for name, address in addresses.items()]
    if settings.broker.is_amqp:
        refusals.append(("BROKER_URL", _rabbitmq(settings)))
    if problems := [f"{name}: the server {refusal}" for name, refusal in refusals if refusal]:
        raise ConfigError(problems)


def _redis(address: str) -> str | None:
    timeouts = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    client = Redis.from_url(address, **timeouts, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
    except AuthenticationError as error:
        return f"{WRONG_USER}: {error}"
    except RedisError as error:
        return _refusal(error)
    finally:
        client.close()
    return None


def _rabbitmq(settings: Settings) -> str | None:
    try:
        with Connection(
            settings.broker.for_celery, ssl=settings.broker.amqp_tls or False, connect_timeout=TIMEOUT_S
        ) as connection:
            connection.connect()
    except AccessRefused:
        return WRONG_USER
    except NotAllowed:
        return "has no such vhost, or does not let this user in there"
    except (KombuError, OSError) as error:
        return _refusal(error)
    return None


def _refusal(error: BaseException) -> str | None:
    """The refusal as a predicate of "the server"; None for a server that is away."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"has a certificate that cannot be verified ({cause.verify_message}). Where you trust the network, as"
                " at a host that signs its own, add ?ssl_cert_reqs=none to the address; else name who signed it by"
                " ?ssl_ca_certs=/path/to/ca.pem"
            )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"speaks no TLS there that we understand: {causes[-1]}"
    if any(isinstance(cause, PermissionError) for cause in causes):
        return "has a socket that this user may not open"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
