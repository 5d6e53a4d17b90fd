"""Everything that the stand-in of Dropbox holds."""

from collections.abc import Callable
from datetime import datetime

from sandbox.dropbox.files import Files
from sandbox.dropbox.listings import Listings
from sandbox.dropbox.sessions import Sessions
from sandbox.dropbox.tokens import Tokens


class Backend:
    """The app folder's files, the listings and uploads that clients go on with, and the tokens."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        self.files, self.tokens = Files(), Tokens()
        self.listings = Listings(self.files)
        self.sessions = Sessions()
