"""Every rule of the store has a text for the person whose change it refuses."""

import pytest

from bot.command import problem_of
from bot.refusals import describe
from pipeline.i18n import translator
from pipeline.records import Language
from pipeline.store.rules import (
    AlreadySubscribedError,
    NoGroupError,
    NoSubscriptionError,
    RuleError,
    TooManyAccountsError,
    TooManyChatsError,
    TooManyChatsOfPersonError,
    TooManyGroupsError,
    TooManySubscriptionsError,
    UnclearSubscriptionError,
    UnknownChartError,
)

ERRORS: list[RuleError] = [
    TooManyAccountsError(count=31, most=30),
    TooManyChatsError(most=1000),
    TooManyChatsOfPersonError(most=1),
    TooManyGroupsError(most=10),
    TooManySubscriptionsError(most=5),
    AlreadySubscribedError(),
    NoGroupError(),
    NoSubscriptionError(),
    UnclearSubscriptionError(),
    UnknownChartError(),
]


def test_every_rule_is_tried() -> None:
    assert {type(error) for error in ERRORS} == set(RuleError.__subclasses__())


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("language", Language)
def test_a_broken_rule_is_described_with_its_figures(error: RuleError, language: Language) -> None:
    text = translator(language).gettext(describe(error))
    figures = [f"{figure}" for figure in vars(error).values()]
    assert all(figure in text.replace(",", "").replace(".", "") for figure in figures), text


async def test_a_command_that_breaks_a_rule_is_answered_with_its_text() -> None:
    async def refused() -> None:
        raise TooManySubscriptionsError(5)

    problem = await problem_of(refused())
    assert problem == describe(TooManySubscriptionsError(5))
