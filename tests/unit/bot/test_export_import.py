"""/export gives a line, and /import takes it, or a file: what is named is found, and what names nobody is told."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr

from bot.account_files import MAX_BYTES, names_in
from bot.commands.export import LONGEST_LINE, to_lines
from pipeline import clock
from pipeline.errors import UserError
from pipeline.records import ChartSpec, Comparison, Profile, State
from pipeline.store import accounts, chat_charts, chats, datasets, dropbox_files, subscriptions
from pipeline.store.chat_charts import Destination
from pipeline.store.tables import Account
from tests.unit.bot.conftest import OWNER, Bot, running

CHATS = count(71_000)
DATASET = (
    "network,account,account_id,post_id,reposts\r\n"
    "x,nasa,1,9,5\r\nx,nasa,1,8,4\r\nbluesky,esa.int,did:plc:a,7,1\r\nfediverse,'-ada@social.example,u,1,2\r\n"
)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (DATASET, ["nasa", "esa.int", "-ada@social.example"]),
        ("@nasa\n\n  @esa \n@nasa\n", ["@nasa", "@esa"]),
        ("\ufeffName;Usuario\r\nA;nasa\r\nB;\r\nC;esa\r\n", ["nasa", "esa"]),
        (
            "Account address,Show boosts\nada@social.example,true\nbob@b.example,false",
            ["ada@social.example", "bob@b.example"],
        ),
        ("id\thandle\n1\tnasa\n2", ["nasa", "2"]),
        ('"@na,sa"\n"multi\nline"', ["@na,sa", "multi\nline"]),
        ('["@nasa", "esa.int", "https://x.com/isro"]', ["@nasa", "esa.int", "https://x.com/isro"]),
        ('{"accounts": [{"handle": "nasa", "x": 1}, {"x": 2}, 7]}', ["nasa", '{"x": 2}', "7"]),
    ],
)
def test_the_names_in_a_file_come_once_in_its_order(content: str, names: list[str]) -> None:
    assert names_in(content.encode()) == names


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"  \n", b"\xff\xfe\x00n", b"{}", b"[]", b'["nasa"', b'{"accounts": 5}', b'"open', b"account\n"),
        b"[" * 100_000,
        b"x" * 200_000,
    ],
    ids=len,
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(UserError, match="neither a CSV"):
        names_in(content)


def test_lines_are_commands_that_fit_and_leave_former_names_out() -> None:
    rows = [Account(network="bluesky", handle=f"{'n' * 40}{number}.example.org") for number in range(100)]
    lines = to_lines([*rows, Account(network="x", handle="nasa-old2")])
    assert all(line.startswith("/track @") and len(line) <= LONGEST_LINE for line in lines)
    assert [word for line in lines for word in line.split()[1:]] == [f"@{row.handle}" for row in rows]


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    """A bot that reads X, and has no worker: what is not known already cannot be looked up."""
    with running(x_bearer_token=SecretStr("token")) as started:
        yield started


def track(bot: Bot, chat_id: int, *handles: str) -> list[int]:
    """Let the chat track accounts of X."""
    with bot.store.write_session() as db:
        accounts.save_profiles(db, [Profile(each, State.ACTIVE, each) for each in handles], "x", clock.now())
        rows = [row for each in handles for row in accounts.find_by_remote_ids(db, [each], "x")]
        chats.add(db, chat_id, clock.now())
        chats.track(db, chat_id, [row.id for row in rows], clock.now())
        return [row.id for row in rows]


def document(content: str, name: str = "list.csv") -> dict[str, Any]:
    return {"document": {"name": name, "content": content}}


def test_all_that_is_tracked_is_exported(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    assert "This chat does not track any accounts yet" in chat.ask("/export")
    track(bot, chat.id, "nasa", "isro", "esa")
    assert chat.ask("/export").splitlines() == [
        "To track the same in another chat, send this there:",
        "/track @esa @isro @nasa",
    ]


def test_as_a_reply_to_a_chart_its_accounts_are_exported(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    nasa, _isro, esa = track(bot, chat.id, "nasa", "isro", "esa")
    chat.ask("/help")
    [shown] = [each["message_id"] for each in chat.messages() if each["by_bot"]]
    with bot.store.write_session() as db:
        comparison = Comparison(tuple(sorted((nasa, esa))), ChartSpec())
        made = chat_charts.request_once(db, Destination(chat.id, None), comparison, clock.now())
        subscriptions.set_message(db, made.subscription_id, shown, clock.now())
    assert chat.ask("/export", reply_to=shown).splitlines()[1] == "/track @esa @nasa"
    other = chat.send("hello")
    chat.answer_to(other)
    assert chat.ask("/export", reply_to=other).startswith("That message has no chart.")


def test_a_file_is_imported_by_its_caption_or_a_reply_and_bad_rows_are_named(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    track(bot, chat.id, "nasa", "esa")
    rows = document("account\nnasa\nn a s a\nhttps://example.org/x\nesa\n")
    answer = chat.ask("/import@TallybirdBot", **rows)
    assert "@nasa and @esa" in answer
    assert "n a s a" in answer
    assert "https://example.org/x" in answer
    sent = chat.send("", **document(json.dumps(["nasa"]), "list.json"))
    chat.answer_to(sent)
    assert chat.ask("/import", reply_to=sent) == "Already tracked: @nasa (X)"


def test_each_name_in_a_file_is_an_account_also_one_that_people_write_between_names(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    track(bot, chat.id, "nasa", "and")
    assert "@and" in chat.ask("/import", **document("account\nnasa\nand\n"))


@pytest.mark.parametrize("line", ["/import /track @nasa @esa", "/import @nasa, @esa", "/import nasa esa"])
def test_a_line_is_imported(bot: Bot, line: str) -> None:
    chat = bot.chat(next(CHATS))
    track(bot, chat.id, "nasa", "esa")
    assert "@nasa and @esa" in chat.ask(line)


def test_what_cannot_be_imported_changes_nothing_and_says_why(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    assert chat.ask("/import").startswith("Send the line")
    assert chat.ask("/import", **document("{}")).startswith("That file is neither")
    assert chat.ask("/import", **document("n" * (MAX_BYTES + 1))).startswith("That file is larger than 2 MB.")
    many = "\n".join(f"name{number}" for number in range(200))
    assert "Nothing was changed: send fewer names" in chat.ask("/import", **document(many))
    assert bot.chat(next(CHATS)).ask("/export").startswith("This chat does not track any accounts yet")


def test_a_file_is_for_this_bot_and_in_groups_for_admins(bot: Bot) -> None:
    group = bot.chat(-next(CHATS), user_id=5, type="supergroup")
    group.send("hello", role="creator")
    member = bot.chat(group.id, user_id=6, type="supergroup")
    assert "Only admins" in member.ask("/import", **document("nasa"))
    member.send("/import@AnotherBot", **document("nasa"))
    assert "Chat: " in member.ask("/id"), "the other bot's command was not answered"


def test_where_the_dataset_is_in_dropbox_is_told_and_only_owners_are_warned_of_sharing_it() -> None:
    with running(x_bearer_token=SecretStr("token"), dropbox_app_key="k", dropbox_refresh_token=SecretStr("r")) as bot:
        chat, owner = bot.chat(next(CHATS)), bot.chat(OWNER)
        ids = track(bot, chat.id, "nasa", "esa")
        track(bot, owner.id, "nasa", "esa")
        assert chat.ask("/data").startswith("There is no file of that")
        with bot.store.write_session() as db:
            key = datasets.make_key(100, ids)
            datasets.save(db, key, "/ESA-nasa-last-100-abc.csv", "digest")
            dropbox_files.claim(db, "/esa-nasa-last-100-abc.csv", "account", clock.now(), clock.now())
            dropbox_files.mark_uploaded(db, "/ESA-nasa-last-100-abc.csv", "digest", "rev", clock.now())
        assert chat.ask("/data") == "In the Dropbox of the bot's owner, in the app's folder: /ESA-nasa-last-100-abc.csv"
        assert "Nobody else sees it." in owner.ask("/data")


def test_without_dropbox_the_export_is_named(bot: Bot) -> None:
    chat = bot.chat(next(CHATS))
    assert "does not track any accounts yet" in chat.ask("/data")
    track(bot, chat.id, "nasa")
    assert chat.ask("/data") == "The bot's owner has set up no Dropbox. /export sends the figures as a file."
