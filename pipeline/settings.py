"""The settings, from the environment and .env: typed, frozen, with all problems reported at once."""

import difflib
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline import env_file, secret_files, server_addresses
from pipeline.errors import ConfigError
from pipeline.server_addresses import LONGEST_SOCKET_PATH, Address, AddressError

FILES = {"sqlite", "unix"}
"""Schemes of addresses whose paths may hold any character."""
ENCODE = (
    "has a sign in its user or password that addresses use themselves; write %40 for @, %2F for /, %3A for :, and so on"
)
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
EACH_SERVER = "https://{host}"
NETWORKS = frozenset(("x", "bluesky", "fediverse"))
"""Each network's key."""

HOW_TO_GET = {
    "TELEGRAM_BOT_TOKEN": "the token that @BotFather gives for /newbot, like 123456789:AAF…",
    "X_BEARER_TOKEN": "the app's bearer token from X's developer console, under Keys and tokens",
    "DROPBOX_APP_KEY": "the App key on the app's page in Dropbox's App Console",
    "DROPBOX_REFRESH_TOKEN": "what `python -m pipeline.dropbox.login` prints",
}


def _ids(value: object) -> object:
    """Split ids of chats or users as people write them: 123, -100456."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _names(value: object) -> object:
    """Split names as people write them: x, bluesky."""
    return value.lower().replace(",", " ").split() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _fail(message: str) -> PydanticCustomError:
    return PydanticCustomError("tallybird", "{message}", {"message": message})


def _parts(value: str) -> SplitResult:
    """Parse the address. Refuses one whose user or password could be taken for another part."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise _fail(ENCODE) from None
    if parts.scheme not in FILES and "@" in value.replace(parts.netloc, parts.netloc.replace("@", "", 1), 1):
        raise _fail(ENCODE)
    return parts


def _web_address(value: str) -> str:
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _fail("must be an address like https://example.org")
    return value.rstrip("/")


def _web_addresses(value: str) -> str:
    """Several addresses, divided by blanks: each stands in for those before it."""
    if not value.split():
        raise _fail("must be an address like https://example.org")
    return " ".join(map(_web_address, value.split()))


def _server_address(value: str) -> str:
    """Where each server of a network is asked: https://{host}, or a stand-in on this machine."""
    address = _web_address(value.replace("{host}", "host.example"))
    if value.rstrip("/") != EACH_SERVER and urlsplit(address).hostname not in LOOPBACK:
        raise _fail(f"must be {EACH_SERVER}, or the address of a stand-in on this machine")
    return value.rstrip("/")


def _networks(value: frozenset[str]) -> frozenset[str]:
    if not value or value - NETWORKS:
        raise _fail(
            "must name some of x, bluesky and fediverse, which Mastodon is part of, as in NETWORKS=bluesky,fediverse"
        )
    return value


def _contact(value: str) -> str:
    """Refuse characters that the comment of a User-Agent header cannot hold."""
    if not re.fullmatch(r"[!-'*-\[\]-~ ]{1,200}", value):
        raise _fail("must be an address of mail or of a page, such as me@example.org, in plain letters")
    return value


def _webhook_address(value: str) -> str:
    parts = _parts(_web_address(value))
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise _fail("must start with https://, since Telegram calls no other address")
    return value.rstrip("/")


def _proxy_address(value: str, schemes: str = "http:// or https://") -> str:
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _fail(
            f"must be the address of a proxy, beginning with {schemes}, like http://user:password@proxy.example:3128"
        )
    return value.rstrip("/")


def _proxy_or_socks_address(value: str) -> str:
    parts = _parts(value)
    if parts.scheme != "socks5":
        return _proxy_address(value, "http://, https:// or socks5://")
    if not parts.hostname or not parts.port:
        raise _fail("must have a host and a port, like socks5://user:password@proxy.example:1080")
    return value.rstrip("/")


def _redis_address(value: str) -> str:
    return _as_read_by(server_addresses.redis, value)


def _broker_address(value: str) -> str:
    return _as_read_by(server_addresses.broker, value)


def _as_read_by(read: Callable[[str], Address], value: str) -> str:
    _parts(value)
    try:
        read(value)
    except AddressError as error:
        raise _fail(str(error)) from None
    return value


def _database_address(value: str) -> str:
    """Hosting services give postgres:// and postgresql://; SQLAlchemy needs the driver's name in it."""
    parts = _parts(value)
    scheme = parts.scheme
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{value.partition('://')[2]}"
    if scheme == "sqlite" and not parts.netloc and parts.path.strip("/") not in {"", ":memory:"}:
        return value
    raise _fail("must start with postgresql://, or with sqlite:/// and name a file, which all processes share")


def _folder(value: Path) -> Path:
    """Replace a ~ by the home, as a shell does, and refuse a path that databases cannot open."""
    try:
        os.fspath(value).encode()
        return value.expanduser()
    except UnicodeEncodeError:
        raise _fail("has letters that are not UTF-8. Name another folder") from None
    except RuntimeError:
        raise _fail("begins with ~, and there is no such home. Write the whole path") from None


def _bot_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]{20,}", value.get_secret_value()):
        raise _fail("is not a bot's token")
    return value


def _token(value: SecretStr) -> SecretStr:
    """Refuse characters that an HTTP header cannot hold, such as the quotes of a word processor."""
    if not re.fullmatch("[!-~]+", value.get_secret_value()):
        raise _fail("has blanks or letters that no token has; copy it anew")
    return value


BotToken = Annotated[SecretStr, AfterValidator(_bot_token)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_ids)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebAddresses = Annotated[str, AfterValidator(_web_addresses)]
ServerAddress = Annotated[str, AfterValidator(_server_address)]
Networks = Annotated[frozenset[str], NoDecode, BeforeValidator(_names), AfterValidator(_networks)]
Contact = Annotated[str, AfterValidator(_contact)]
BackupInterval = Annotated[Literal["daily"], BeforeValidator(_lower)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["text", "json"], BeforeValidator(_lower)]


class Settings(BaseSettings):
    """All settings; .env.example explains each."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="forbid", frozen=True)

    telegram_bot_token: BotToken | None = None
    x_bearer_token: Token | None = None
    dropbox_app_key: str | None = None
    dropbox_refresh_token: Token | None = Field(None, validate_default=True)
    dropbox_min_seconds: int = Field(60, ge=0)
    backup_to_dropbox: BackupInterval | None = None

    admin_ids: Ids = frozenset()
    allowed_chats: Ids = frozenset()
    max_accounts_per_chat: int = Field(50, ge=1)
    max_chats: int = Field(1000, ge=1)

    networks: Networks = NETWORKS
    contact: Contact | None = None
    x_daily_usd: Decimal = Field(Decimal(5), ge=0)
    x_monthly_usd: Decimal = Field(Decimal(50), ge=0)
    x_requests_per_15_min: int = Field(10_000, ge=1)
    tick_seconds: int = Field(10, ge=1)
    posts_per_account: int = Field(100, ge=5, le=3200)
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"

    data_dir: Annotated[Path, AfterValidator(_folder)] = Path("data")
    database_url: Annotated[str, AfterValidator(_database_address)] | None = Field(None, repr=False)
    redis_url: Annotated[str, AfterValidator(_redis_address)] | None = Field(None, repr=False, validate_default=True)
    broker_url: Annotated[str, AfterValidator(_broker_address)] | None = Field(None, repr=False)
    telegram_proxy: Annotated[str, AfterValidator(_proxy_or_socks_address)] | None = Field(None, repr=False)
    sources_proxy: Annotated[str, AfterValidator(_proxy_address)] | None = Field(None, repr=False)
    webhook_url: Annotated[str, AfterValidator(_webhook_address)] | None = None
    port: int = Field(8080, ge=1, le=65535)
    health_port: int | None = Field(None, ge=1, le=65535)

    telegram_api_url: WebAddress = "https://api.telegram.org"
    x_api_url: WebAddress = "https://api.x.com"
    bluesky_api_url: WebAddresses = "https://public.api.bsky.app https://api.bsky.app"
    fediverse_api_url: ServerAddress = EACH_SERVER
    dropbox_api_url: WebAddress | None = None

    @classmethod
    def load(cls) -> Self:
        """Read the environment, .env, and the files of secrets. Raises ConfigError with every problem at once."""
        lines = {name.lower(): value for name, value in env_file.read(Path(".env")).items() if value}
        variables = {name.lower(): value for name, value in os.environ.items()}
        secrets = secret_files.read(lines | variables)
        known = {*cls.model_fields, *map(secret_files.setting_of, secret_files.NAMES)}
        unknown = [_unknown(name) for name in lines if name not in known]
        values = {name: value for name, value in lines.items() if name in cls.model_fields}
        try:
            settings = cls.model_validate(values | secrets)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise ConfigError([*map(_problem, found), *unknown]) from None
        problems = [*_contradictions(settings), *unknown]
        if problems:
            raise ConfigError(problems)
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 pydantic passes them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the values given to the class, which are those of .env."""
        return env_settings, init_settings

    @field_validator("dropbox_refresh_token")
    @classmethod
    def _both_or_none(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        key = info.data.get("dropbox_app_key")
        if (value is None) == (key is None):
            return value
        if value is None:
            raise _fail("missing, though DROPBOX_APP_KEY is set")
        raise _fail(f"set, though DROPBOX_APP_KEY is missing: {HOW_TO_GET['DROPBOX_APP_KEY']}")

    @field_validator("redis_url")
    @classmethod
    def _room_for_a_socket(cls, value: str | None, info: ValidationInfo) -> str | None:
        folder = info.data.get("data_dir")
        if value is None and folder and len(str(_socket_in(folder)).encode()) > LONGEST_SOCKET_PATH:
            raise _fail(f"is not set, and DATA_DIR is too long a path for the private server's socket: {folder}")
        return value

    @property
    def redis_socket(self) -> Path:
        """The socket of the private Redis."""
        return _socket_in(self.data_dir)

    @property
    def redis(self) -> Address:
        return server_addresses.redis(self.redis_url or f"unix://{quote(str(self.redis_socket))}")

    @property
    def broker(self) -> Address:
        return server_addresses.broker(self.broker_url) if self.broker_url else self.redis

    @property
    def redis_address(self) -> str:
        """The address of Redis for redis-py."""
        return self.redis.for_redis

    @property
    def database_address(self) -> str:
        return self.database_url or f"sqlite:///{quote(str(self.data_dir.absolute() / 'tallybird.db'))}"

    @property
    def free_api_url(self) -> str:
        """The address of a network that may be asked for nothing."""
        return self.bluesky_api_url.split()[0]

    @property
    def dropbox_is_on(self) -> bool:
        return self.dropbox_refresh_token is not None

    @property
    def dropbox_account(self) -> str:
        """Identifies the Dropbox by a digest of its credentials: with another log-in, no file is there yet."""
        token = self.dropbox_refresh_token.get_secret_value() if self.dropbox_refresh_token else ""
        parts = (self.dropbox_app_key or "", token, self.dropbox_api_url or "")
        return sha256("\n".join(parts).encode()).hexdigest()[:16]

    @property
    def tick(self) -> timedelta:
        return timedelta(seconds=self.tick_seconds)

    @property
    def secrets(self) -> list[str]:
        """The values that no log may show: tokens, and passwords in addresses."""
        fields = (self.telegram_bot_token, self.x_bearer_token, self.dropbox_refresh_token)
        tokens = [field.get_secret_value() for field in fields if field is not None]
        servers = (self.database_url, self.redis_url, self.broker_url, self.telegram_proxy, self.sources_proxy)
        networks = (self.x_api_url, *self.bluesky_api_url.split(), self.fediverse_api_url)
        services = (self.telegram_api_url, self.dropbox_api_url, self.webhook_url, *networks)
        passwords = {password for address in servers + services if address for password in _passwords(address)}
        return tokens + sorted(passwords - {"guest"})


class BotSettings(Settings):
    """The settings, with those that the bot needs."""

    telegram_bot_token: BotToken


def _socket_in(folder: Path) -> Path:
    return folder.absolute() / "redis" / "redis.sock"


def _passwords(address: str) -> Iterator[str]:
    """The address's passwords, quoted as they are written and unquoted."""
    parts = urlsplit(address)
    if parts.password:
        plain = unquote(parts.password)
        yield from (parts.password, plain, quote(plain, safe=""))
    yield from parse_qs(parts.query).get("password", [])


def _contradictions(settings: Settings) -> Iterator[str]:
    """The settings that cannot go together, each with the fix."""
    if settings.networks == {"x"} and settings.x_bearer_token is None:
        yield f"NETWORKS: names x alone, while X_BEARER_TOKEN is missing. Put there {HOW_TO_GET['X_BEARER_TOKEN']}"
    if settings.backup_to_dropbox is not None and not settings.dropbox_is_on:
        yield "BACKUP_TO_DROPBOX: set, though DROPBOX_APP_KEY and DROPBOX_REFRESH_TOKEN are not. Set both, or remove it"
    is_public = urlsplit(settings.telegram_api_url).hostname not in LOOPBACK
    if is_public and settings.fediverse_api_url != EACH_SERVER:
        yield (
            "FEDIVERSE_API_URL: a stand-in on this machine goes only with a stand-in of Telegram, since with it "
            "people could have requests sent to this machine. Remove the line, or set TELEGRAM_API_URL too"
        )


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    fix = f"Did you mean {close[0].upper()}?" if close else "Remove the line"
    return f"{name.upper()}: not a setting of Tallybird. {fix}"


def _problem(error: Any) -> str:
    name = str(error["loc"][0]).upper()
    text = "missing" if error["type"] == "missing" else str(error["msg"]).replace("Input should", "should", 1)
    fix = f". Put here {HOW_TO_GET[name]}" if name in HOW_TO_GET else ""
    return f"{name}: {text}{fix}"
