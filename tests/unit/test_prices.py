"""The documents tell the prices, limits and rules that the code keeps."""

import re
from decimal import Decimal

import pytest
from pydantic import SecretStr

from bot import costs
from bot.commands import privacy
from pipeline.i18n import translator
from pipeline.planning import estimate
from pipeline.records import Language
from pipeline.settings import Settings
from pipeline.sources.x.facts import PRICE
from pipeline.steps import announce, day_plan, priced_network, purchases
from tests.conftest import ROOT

README, EXAMPLE, SECURITY = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".env.example", "SECURITY.md")
)
WITH_A_PRICE = Settings(x_bearer_token=SecretStr("a-token"), _env_file=None)
POSTS_PER_ACCOUNT = Settings.model_fields["posts_per_account"].default


def amounts(pattern: str, text: str) -> set[Decimal]:
    """The US dollars that stand where the pattern has a $."""
    found = re.findall(pattern.replace("$", r"\$(\d+\.\d+)"), " ".join(text.replace("\n#", "\n").split()))
    return set(map(Decimal, found))


@pytest.mark.parametrize("text", [README, EXAMPLE], ids=["README", ".env.example"])
def test_documents_tell_what_a_post_and_a_profile_cost(text: str) -> None:
    assert amounts("$ for each post", text) == {PRICE.post_usd}
    assert amounts("$ for each profile", text) == {PRICE.profile_usd}


def test_security_tells_the_same_prices() -> None:
    assert amounts(r"billed on which day \($ and", SECURITY) == {PRICE.post_usd}
    assert amounts(r"and $ each", SECURITY) == {PRICE.profile_usd}


@pytest.mark.parametrize("language", Language)
def test_privacy_tells_the_same_prices(language: Language) -> None:
    [bill] = privacy.bills(WITH_A_PRICE)
    text = translator(language).gettext(bill).replace(",", ".")
    assert all(str(price) in text for price in (PRICE.post_usd, round(PRICE.profile_usd, 2)))


def test_readme_tells_what_an_account_costs_by_the_estimates() -> None:
    first = estimate.first_reading_usd(POSTS_PER_ACCOUNT, POSTS_PER_ACCOUNT, PRICE.post_usd, PRICE.profile_usd)
    assert amounts("Its first reading is $", README) == {first}
    assert amounts(r"4 posts a day costs about $ a day", README) == {estimate.daily_usd(Decimal(4), PRICE.post_usd)}
    assert amounts(r"instead of $ for all of its last 100 posts", README) == {PRICE.post_usd * POSTS_PER_ACCOUNT}
    assert estimate.daily_usd(Decimal(0), PRICE.post_usd) < Decimal("0.01")


def test_the_example_has_the_default_limits_and_readme_names_them() -> None:
    for name in ("x_daily_usd", "x_monthly_usd", "x_requests_per_15_min"):
        default = Settings.model_fields[name].default
        assert f"#{name.upper()}={default}\n" in EXAMPLE
        assert re.search(rf"`{name.upper()}` \({default:,}\)", README)


def test_rules_that_are_told_are_those_of_the_planner() -> None:
    assert costs.NEWEST == purchases.FIRST_DEPTH
    assert f"the newest {purchases.FIRST_DEPTH} posts first" in README
    assert f"by {priced_network.COMMON_FROM_HOUR}:00 UTC" in " ".join(README.split())
    assert f"At {announce.WARN_AT:.0%}".replace("%", " %") in README
    kept = f"{day_plan.KEPT.days} days"
    assert kept in privacy.bills(WITH_A_PRICE)[0].msgid
    assert kept in SECURITY
