"""Makes every library log at every level. Python imports this at its start if the folder is on PYTHONPATH.

Handlers and filters stay as they are, since they are what is tested.
"""

import logging


class VerboseLogger(logging.Logger):
    """Ignores its level."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802 overrides
        return True


logging.setLoggerClass(VerboseLogger)
