"""The addresses of Redis and RabbitMQ: parsed once, then written as each library wants them."""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

TLS_PARAMETERS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
CHECKS = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
"""How a server's certificate is checked, by redis-py's names. Celery's names, CERT_NONE and so on, are taken too."""
CHOICES = {
    "ssl_cert_reqs": {name: kind for kind in CHECKS for name in (kind, f"cert_{kind}")},
    "ssl_check_hostname": {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"},
}
LONGEST_SOCKET_PATH = 100  # bytes; the system allows 107


class AddressError(ValueError):
    """What is wrong with an address, as a predicate of the setting."""


@dataclass(frozen=True)
class Address:
    """A server's address in its parts.

    location: host and port, or the path of a socket. database: the number of Redis' database, or RabbitMQ's vhost.
    tls: the parameters of TLS, by redis-py's names.
    """

    scheme: str
    location: str
    userinfo: str
    database: str
    tls: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_amqp(self) -> bool:
        return self.scheme in {"amqp", "amqps"}

    @property
    def for_redis(self) -> str:
        """The address for redis-py."""
        if self.scheme == "unix":
            return f"unix://{self.userinfo}{self.location}?{urlencode({'db': self.database})}"
        return f"{self.scheme}://{self.userinfo}{self.location}/{self.database}{_query(self.tls)}"

    @property
    def for_celery(self) -> str:
        """The address for Celery and kombu, which name a socket differently and check certificates only on request.

        RabbitMQ's TLS is apart, in `amqp_tls`.
        """
        if self.scheme == "unix":
            return f"redis+socket://{self.userinfo}{self.location}?{urlencode({'virtual_host': self.database})}"
        if self.scheme == "rediss":
            checks = {"ssl_cert_reqs": f"CERT_{self.tls.get('ssl_cert_reqs', 'required').upper()}"}
            return f"{self.scheme}://{self.userinfo}{self.location}/{self.database}{_query({**self.tls, **checks})}"
        return f"{self.scheme}://{self.userinfo}{self.location}/{self.database}"

    @property
    def amqp_tls(self) -> dict[str, object] | None:
        """Celery's broker_use_ssl for amqps. Without server_hostname, kombu accepts the certificate of any host."""
        if self.scheme != "amqps":
            return None
        checks = CHECKS[self.tls.get("ssl_cert_reqs", "required")]
        options: dict[str, object] = {
            name.removeprefix("ssl_"): self.tls[name] for name in TLS_FILES if name in self.tls
        }
        if checks != ssl.CERT_NONE and self.tls.get("ssl_check_hostname") != "false":
            options["server_hostname"] = urlsplit(f"//{self.location}").hostname
        return options | {"cert_reqs": checks}


def redis(address: str) -> Address:
    """Parse the address. Raises AddressError where some library could not use it."""
    parts = urlsplit(address)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise AddressError("must start with redis://, rediss:// or unix://")
    given = _parameters(parts)
    user = given.pop("username", unquote(parts.username or ""))
    userinfo = _userinfo(user, given.pop("password", unquote(parts.password or "")))
    if parts.scheme == "unix":
        number = _number(given.pop("virtual_host", given.pop("db", "0")))
        _check_names(given, "unix", ("db", "username", "password"))
        return Address("unix", quote(_socket(parts)), userinfo, number)
    number = _number(given.pop("db", parts.path.strip("/") or "0"))
    _check_names(given, parts.scheme, ("db", "username", "password"), "rediss")
    location = f"{_host(parts)}:{parts.port or 6379}"
    return Address(parts.scheme, location, userinfo, number, _tls(given))


def broker(address: str) -> Address:
    """Parse the address. Raises AddressError where some library could not use it."""
    parts = urlsplit(address)
    if parts.scheme in {"redis", "rediss", "unix"}:
        return redis(address)
    if parts.scheme not in {"amqp", "amqps"}:
        raise AddressError("must start with amqp://, amqps://, redis://, rediss:// or unix://")
    given = _parameters(parts)
    _check_names(given, parts.scheme, (), "amqps")
    userinfo = _userinfo(unquote(parts.username or ""), unquote(parts.password or ""))
    location = _host(parts) + (f":{parts.port}" if parts.port else "")
    return Address(parts.scheme, location, userinfo, quote(parts.path.removeprefix("/"), safe="/%"), _tls(given))


def _parameters(parts: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(parts.query, keep_blank_values=True))


def _socket(parts: SplitResult) -> str:
    path = unquote(parts.path)
    if parts.hostname or path in {"", "/"}:
        raise AddressError("must name the socket's path after three slashes, like unix:///run/redis/redis.sock")
    if len(path.encode()) > LONGEST_SOCKET_PATH:
        raise AddressError("names a socket whose path is too long for one")
    return path


def _userinfo(user: str, password: str) -> str:
    """Quoted again, since kombu takes a bare ; for the start of another address."""
    userinfo = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"{userinfo}@" if userinfo else ""


def _host(parts: SplitResult) -> str:
    name = parts.hostname or "localhost"
    return f"[{name}]" if ":" in name else name


def _number(database: str) -> str:
    if not database.isdecimal():
        raise AddressError("must name its database by a number, like redis://host:6379/0")
    return database


def _check_names(given: Iterable[str], scheme: str, known: Sequence[str], secure: str | None = None) -> None:
    """Refuse unknown parameters. secure: the scheme that takes those of TLS."""
    for name in given:
        if secure and name in TLS_PARAMETERS and scheme != secure:
            raise AddressError(f"has {name}, which only {secure}:// knows")
        allowed = [*known, *(TLS_PARAMETERS if scheme == secure else ())]
        if name not in allowed:
            known_are = f"Those known: {', '.join(allowed)}" if allowed else "Leave it out"
            raise AddressError(f"has the parameter {name}, which is not known here. {known_are}")


def _tls(given: Mapping[str, str]) -> Mapping[str, str]:
    return {name: _checked(name, value) for name, value in given.items() if name in TLS_PARAMETERS}


def _checked(name: str, value: str) -> str:
    if name in TLS_FILES:
        if not Path(value).is_file():
            raise AddressError(f"names a file in {name} that is not there: {value}")
        return value
    chosen = CHOICES[name].get(value.lower())
    if chosen is None:
        raise AddressError(f"must have one of {', '.join(dict.fromkeys(CHOICES[name].values()))} as its {name}")
    return chosen


def _query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""
