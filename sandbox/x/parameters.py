"""Reads query parameters as strictly as X does, with X's error texts."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Reader = Callable[[str], Any]

MAX_VALUES = 100
EARLIEST = datetime(2010, 11, 6, tzinfo=UTC)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


POST_FIELDS = _names(
    "id text edit_history_post_ids withheld rest_id created_at author_id conversation_id in_reply_to_user_id"
    " referenced_posts attachments lang possibly_sensitive paid_partnership reply_settings source display_text_range"
    " card_uri community_id note_post scopes username suggested_source_links suggested_source_links_with_counts"
    " matched_media_notes note_request_suggestions public_metrics context_annotations entities geo edit_controls"
    " media_metadata non_public_metrics organic_metrics promoted_metrics article article_title"
)
TWEET_FIELDS = frozenset(
    {name.replace("post_ids", "tweet_ids").replace("_posts", "_tweets") for name in POST_FIELDS}
    - {"note_post", "article_title"}
    | {"note_tweet"}
)
USER_FIELDS = _names(
    "id name username withheld created_at description entities location pinned_tweet_id pinned_post_id"
    " profile_banner_url profile_image_url protected public_metrics url verified subscription_type verified_type"
    " most_recent_tweet_id most_recent_post_id is_identity_verified affiliation connection_status receives_your_dm"
    " verified_followers_count parody subscribes_to_you subscription confirmed_email"
)
MEDIA_FIELDS = _names(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url promoted_metrics"
    " public_metrics type url variants width"
)
POLL_FIELDS = _names("duration_minutes end_datetime id options voting_status")
PLACE_FIELDS = _names("contained_within country country_code full_name geo id name place_type")
USAGE_FIELDS = _names("cap_reset_day daily_client_app_usage daily_project_usage project_cap project_id project_usage")
POST_EXPANSIONS = _names(
    "article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet"
    " attachments.media_source_post attachments.poll_ids author_id edit_history_tweet_ids edit_history_post_ids"
    " entities.mentions.username geo.place_id in_reply_to_user_id entities.note.mentions.username referenced_tweets"
    " referenced_posts referenced_tweets.id referenced_posts.id referenced_tweets.id.author_id"
    " referenced_posts.id.author_id referenced_tweets.id.attachments.media_keys"
    " referenced_posts.id.attachments.media_keys username"
)
USER_EXPANSIONS = _names("affiliation.user_id most_recent_tweet_id most_recent_post_id pinned_tweet_id pinned_post_id")


class InvalidQueryError(Exception):
    """X answers 400 with these errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


class _RefusedError(Exception):
    """A value is refused. The text follows the words "query parameter value" in X's message."""


class _EmptyError(Exception):
    """A required value is missing."""


@dataclass(frozen=True)
class _CountError(Exception):
    """There are too many values."""

    number: int


def read(readers: Mapping[str, Reader], required: Iterable[str], given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The parameters' values by name. Raises InvalidQueryError with all errors.

    readers: all parameters of the endpoint. given: names and texts from the path and the query.
    """
    values, errors = {}, []
    given = list(given)
    for name, text in [*given, *((name, "") for name in required if name not in dict(given))]:
        try:
            values[name] = _read_one(readers, name, text, repeated=[each for each, _ in given].count(name) > 1)
        except InvalidQueryError as error:
            errors += error.errors
    if not errors and "tweet.fields" in values and "post.fields" in values:
        errors = [_error("tweet.fields", "", "The parameters `tweet.fields` and `post.fields` exclude each other")]
    if errors:
        raise InvalidQueryError(errors)
    return values


def _read_one(readers: Mapping[str, Reader], name: str, text: str, *, repeated: bool) -> Any:
    try:
        if name not in readers:
            raise InvalidQueryError(
                [_error(name, text, f"The query parameter [{name}] is not one of [{_join(readers)}]")]
            )
        if repeated:
            raise InvalidQueryError([_error(name, text, f"The `{name}` query parameter can not be given twice")])
        return readers[name](text)
    except _EmptyError:
        raise InvalidQueryError([_error(name, text, f"The `{name}` query parameter can not be empty")]) from None
    except _CountError as error:
        message = f"The number of values in the `{name}` query parameter list [{error.number}] is not between 1 and"
        raise InvalidQueryError([_error(name, text, f"{message} {MAX_VALUES}")]) from None
    except _RefusedError as error:
        raise InvalidQueryError([_error(name, text, f"The `{name}` query parameter value {error}")]) from None


def _error(name: str, text: str, message: str) -> dict[str, Any]:
    return {"parameters": {name: [text]}, "message": message}


def between(lowest: int, highest: int) -> Reader:
    def read_number(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise _RefusedError(f"[{text}] is not valid")
        if not lowest <= int(text) <= highest:
            raise _RefusedError(f"[{text}] is not between {lowest} and {highest}")
        return int(text)

    return read_number


def some_of(allowed: Iterable[str]) -> Reader:
    choices = frozenset(allowed)

    def read_choices(text: str) -> frozenset[str]:
        for value in _split(text):
            if value not in choices:
                raise _RefusedError(f"[{value}] is not one of [{_join(sorted(choices))}]")
        return frozenset(_split(text))

    return read_choices


def many(reader: Reader) -> Reader:
    def read_many(text: str) -> list[Any]:
        values = list(dict.fromkeys(map(reader, _split(text))))
        if len(_split(text)) > MAX_VALUES:
            raise _CountError(len(_split(text)))
        return values

    return read_many


def read_id(text: str) -> int:
    return int(_matching(r"[0-9]{1,19}", text))


def read_username(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", text):
        raise _RefusedError(f"[{text}] does not match ^[A-Za-z0-9_]{{1,15}}$")
    return text


def read_moment(text: str) -> datetime:
    _matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z", text)
    try:
        at = datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        raise _RefusedError(f"[{text}] is not valid") from None
    if at < EARLIEST:
        raise _RefusedError(f"[{text}] must be on or after 2010-11-06T00:00:00Z")
    return at


@dataclass(frozen=True)
class Token:
    """A pagination token: the page has the posts older, or newer, than this one."""

    older: bool
    post_id: int

    def __str__(self) -> str:
        return f"7140dibdnow9c7b{'n' if self.older else 'p'}{self.post_id:016x}"


def read_token(text: str) -> Token:
    found = re.fullmatch(r"7140dibdnow9c7b([np])([0-9a-f]{16})", text)
    if not found:
        raise _RefusedError(f"[{text}] is not valid")
    return Token(found[1] == "n", int(found[2], 16))


def _matching(pattern: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise _RefusedError(f"[{text}] is not valid")
    return text


def _split(text: str) -> list[str]:
    if not text:
        raise _EmptyError
    return text.split(",")


def _join(names: Iterable[str]) -> str:
    return ",".join(names)


FIELDS: dict[str, Reader] = {
    "tweet.fields": some_of(TWEET_FIELDS),
    "post.fields": some_of(POST_FIELDS),
    "user.fields": some_of(USER_FIELDS),
}
USER_QUERY: dict[str, Reader] = {**FIELDS, "expansions": some_of(USER_EXPANSIONS)}
POST_QUERY: dict[str, Reader] = {
    **FIELDS,
    "expansions": some_of(POST_EXPANSIONS),
    "media.fields": some_of(MEDIA_FIELDS),
    "poll.fields": some_of(POLL_FIELDS),
    "place.fields": some_of(PLACE_FIELDS),
}
USERS: dict[str, Reader] = {"ids": many(read_id), **USER_QUERY}
USERS_BY: dict[str, Reader] = {"usernames": many(read_username), **USER_QUERY}
USER_BY: dict[str, Reader] = {"username": read_username, **USER_QUERY}
POSTS: dict[str, Reader] = {"ids": many(read_id), **POST_QUERY}
TIMELINE: dict[str, Reader] = {
    "id": read_id,
    "max_results": between(5, 100),
    "pagination_token": read_token,
    "exclude": some_of({"retweets", "replies"}),
    "since_id": read_id,
    "until_id": read_id,
    "start_time": read_moment,
    "end_time": read_moment,
    **POST_QUERY,
}
USAGE: dict[str, Reader] = {"days": between(1, 90), "usage.fields": some_of(USAGE_FIELDS)}
