"""Python reads this at its start where the folder is on PYTHONPATH: every library then says all that it can say.

What hears it stays as it is, so that the product's own way of logging is what is tested.
"""

import logging


class Loud(logging.Logger):
    """Whatever level it is told to keep to, it says everything."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802 the parent's
        return True


logging.setLoggerClass(Loud)
