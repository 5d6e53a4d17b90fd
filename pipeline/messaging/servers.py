"""Whether Redis and RabbitMQ let us in, which each start checks. A server that is away is waited for later."""

import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from amqp.exceptions import AccessRefused, NotAllowed
from kombu import Connection
from kombu.exceptions import KombuError
from redis import AuthenticationError, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.errors import ConfigError
from pipeline.i18n import lazy_gettext, translator
from pipeline.records import Language, LazyString
from pipeline.settings import Settings

TIMEOUT_S = 3
AWAY = lazy_gettext("the server does not answer")
WRONG_USER = lazy_gettext("the server refuses the user or the password of the address")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a server cannot be used. is_refusal: for good; else it is away, which passes by itself."""

    text: LazyString
    is_refusal: bool


def check(settings: Settings) -> None:
    """Raises ConfigError where a server refuses for good: its certificate, the password, the vhost, the socket."""
    problems = {"REDIS_URL": redis_problem(settings.redis_address)}
    if settings.broker_url:
        problems["BROKER_URL"] = broker_problem(settings)
    gettext = translator(Language.ENGLISH).gettext
    if refusals := [f"{name}: {gettext(each.text)}" for name, each in problems.items() if each and each.is_refusal]:
        raise ConfigError(refusals)


def impatient(address: str) -> Redis:
    """A client that neither waits long nor tries again."""
    timeouts = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return Redis.from_url(address, **timeouts, retry=Retry(NoBackoff(), 0))


def redis_problem(address: str) -> Problem | None:
    """Why the Redis at this address cannot be used; None where it answers."""
    with closing(impatient(address)) as client:
        try:
            client.ping()
        except AuthenticationError as error:
            return Problem(lazy_gettext("{refusal}: {reason}", refusal=WRONG_USER, reason=str(error)), is_refusal=True)
        except RedisError as error:
            return _problem(error)
    return None


def broker_problem(settings: Settings) -> Problem | None:
    """Why the server at BROKER_URL cannot be used; None where it answers."""
    return _rabbitmq_problem(settings) if settings.broker.is_amqp else redis_problem(settings.broker.for_redis)


def _rabbitmq_problem(settings: Settings) -> Problem | None:
    try:
        with Connection(
            settings.broker.for_celery, ssl=settings.broker.amqp_tls or False, connect_timeout=TIMEOUT_S
        ) as connection:
            connection.connect()
    except AccessRefused:
        return Problem(WRONG_USER, is_refusal=True)
    except NotAllowed:
        text = lazy_gettext("the server has no such vhost, or does not let this user in there")
        return Problem(text, is_refusal=True)
    except (KombuError, OSError) as error:
        return _problem(error)
    return None


def _problem(error: BaseException) -> Problem:
    """A refusal, or that the server is away."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Problem(_no_trust(cause), is_refusal=True)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        text = lazy_gettext("the server speaks no TLS there that we understand: {reason}", reason=str(causes[-1]))
        return Problem(text, is_refusal=True)
    if any(isinstance(cause, PermissionError) for cause in causes):
        return Problem(lazy_gettext("the server has a socket that this user may not open"), is_refusal=True)
    return Problem(AWAY, is_refusal=False)


def _no_trust(error: ssl.SSLCertVerificationError) -> LazyString:
    return lazy_gettext(
        "the server has a certificate that cannot be verified ({reason}). Where you trust the network, as"
        " at a host that signs its own, add ?ssl_cert_reqs=none to the address; else name who signed it by"
        " ?ssl_ca_certs=/path/to/ca.pem",
        reason=error.verify_message,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
