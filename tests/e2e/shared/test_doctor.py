"""The doctor beside a bot that runs: in the console, and in the chat of an owner."""

from functools import partial

from pipeline.user_agent import VERSION
from tests.conftest import until
from tests.e2e.chat import Chat
from tests.e2e.deployment import SECRETS, Deployment


def test_all_is_well_in_the_console(shared_deployment: Deployment) -> None:
    def examine() -> str:
        done = shared_deployment.run("bot", "doctor")
        assert not done.stderr
        return "" if done.returncode else done.stdout

    output = until(examine, within_s=90)
    assert "\n✓ Processes: worker, slow, beat and bot are running\n" in output
    assert "\n✓ Redis: answers. " in output
    assert "\n✓ X: accepts the token" in output
    assert "\n✓ Dropbox: accepts the log-in" in output
    assert "$50.00 spent today" in output
    assert "✗" not in output


def test_an_owner_is_told_in_the_language_of_the_chat_and_nobody_else(shared_deployment: Deployment) -> None:
    owner, stranger = shared_deployment.chat(900), shared_deployment.chat(7301)
    assert stranger.ask("/doctor") == "Only the bot's owner can use that, in a private chat with the bot."
    group = shared_deployment.chat(-7302, user_id=900, type="group")
    assert group.ask("/doctor") == "Only the bot's owner can use that, in a private chat with the bot."
    owner.press(owner.answer_to(owner.send("/settings")), "settings es")
    answer = until(partial(_finds_the_database, owner), within_s=90)
    owner.press(owner.answer_to(owner.send("/settings")), "settings en")
    assert owner.ask("/version") == f"Tallybird {VERSION}"
    lines = answer.splitlines()
    assert lines[0] == "✓ Ajustes: válidos"
    assert all(line[0] in "✓!✗" for line in lines)
    assert not [secret for secret in SECRETS.values() if secret in answer]


def _finds_the_database(owner: Chat) -> str:
    """The doctor's answer. On a busy machine a check may take longer than its time."""
    answer = owner.ask("/doctor", within_s=60)
    return answer if "\n✓ Base de datos: PostgreSQL" in answer else ""
