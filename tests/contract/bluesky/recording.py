"""Records what Bluesky's own servers answer, for tests without them: python -m tests.contract.bluesky.recording.

The people and posts are made up, on servers that exist for this moment only.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.conftest import ROOT, until
from tests.contract.bluesky.people import Pds
from tests.contract.bluesky.questions import ask_all, is_shown, settle
from tests.contract.bluesky.servers import bluesky_servers
from tests.contract.bluesky.stand_in import loads

ANSWERS, ACCOUNTS = Path(__file__).with_name("answers.json"), Path(__file__).with_name("accounts.json")
"""What was answered, by the name of the question; and the accounts to load into the stand-in for the same answers."""


def main() -> None:
    with bluesky_servers() as servers, Pds(servers.pds_url).open() as pds:
        town = settle(pds, datetime.now(UTC))
        until(lambda: is_shown(servers.appview_url, town), within_s=60)
        recorded = {ANSWERS: ask_all(servers.appview_url, town), ACCOUNTS: loads(town)}
    for path, content in recorded.items():
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
