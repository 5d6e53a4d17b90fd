import pytest


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """python-telegram-bot warns unless the coming type of retry_after is asked for."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
