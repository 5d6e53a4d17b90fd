"""`python -m pipeline.dropbox.login` leads a person to the value of DROPBOX_REFRESH_TOKEN.

It uses PKCE, which needs no app secret. Nothing is stored; the token is printed once.
"""

import os
import sys

import requests
from dropbox import DropboxOAuth2FlowNoRedirect

from pipeline.dropbox.client import session

WEBSITE = "https://www.dropbox.com"
SCOPES = ["files.content.write"]
APP = """\
Tallybird keeps its datasets in a Dropbox folder of its own. It takes three steps, once.

1. In Dropbox's App Console, https://www.dropbox.com/developers/apps, create an app with "Scoped access" and
   "App folder". On its Permissions page tick files.content.write and submit. Its App key is on the Settings page."""
CODE = """
2. Open this address, allow the app, and copy the code that Dropbox shows:
   {address}"""
DONE = """
3. Put these two lines into .env and restart Tallybird:

DROPBOX_APP_KEY={key}
DROPBOX_REFRESH_TOKEN={token}"""


def main() -> None:
    try:
        print(DONE.format(**log_in(os.environ.get("DROPBOX_API_URL"))))
    except (EOFError, KeyboardInterrupt):
        sys.exit("\nStopped. Nothing was changed.")
    except requests.HTTPError:
        sys.exit("Dropbox does not accept that code. It holds for a few minutes only: start again for a new one.")
    except requests.RequestException as error:
        sys.exit(f"Dropbox cannot be reached ({type(error).__name__}). Look at the network and start again.")


def log_in(address: str | None) -> dict[str, str]:
    """Ask for the app's key and the code; returns the app's key and the refresh token."""
    print(APP)
    key = input("   App key: ").strip()
    flow = DropboxOAuth2FlowNoRedirect(key, use_pkce=True, token_access_type="offline", scope=SCOPES)
    flow.requests_session = session(address)
    print(CODE.format(address=flow.start().replace(WEBSITE, address or WEBSITE, 1)))
    result = flow.finish(input("   Code: ").strip())
    return {"key": key, "token": result.refresh_token}


if __name__ == "__main__":
    main()
