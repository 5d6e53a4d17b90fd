"""Which hosts may be asked: no spelling of an address of this machine or its network passes."""

import socket
from ipaddress import ip_address

import pytest

from pipeline.sources.fediverse.hosts import ascii_name, is_public

SPELLINGS = (
    *("127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "0", "0.0.0.0"),
    *("[::1]", "::1", "[::ffff:127.0.0.1]", "1.2.3.0x4", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "٢.0.0.1"),
    *("127.0.0.1%00.ours.org", "ours.org:443", "user@ours.org", "ours.org/", "ours.org#", "ours.org?", "a b.org"),
    *("localhost", "localhost.", "ours", "ours.", ".org", "ours..org", "ours.org.", "-ours.org", "ours-.org"),
    *("ours_.org", "ours.1org", "ours.\u202eorg", "ours\n.org", "ours.org\r\nx: y", "\u200bours.local", ""),
    *("a.local", "a.localhost", "a.internal", "a.invalid", "a.example", "a.test", "a.onion", "a.arpa", "a.alt"),
    *("a.home", "a.lan", "a.LOCAL", "a.ＬＯＣＡＬ", "xn--.org", "xn--a\u0308.org"),
    *(f"{'a' * 64}.org", f"{'a.' * 126}orgs", "ü" * 250 + ".org", "a." * 100_000 + "org"),
)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_literal_and_no_private_name_passes(host: str) -> None:
    assert ascii_name(host) is None


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "017700000001"])
def test_the_system_takes_these_for_this_machine(host: str) -> None:
    assert {found[4][0] for found in socket.getaddrinfo(host, 443)} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("mastodon.social", "mastodon.social"),
        ("Mastodon.SOCIAL", "mastodon.social"),
        ("ｍastodon.social", "mastodon.social"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("1.2.3.org", "1.2.3.org"),
        (f"{'a.' * 124}org", f"{'a.' * 124}org"),
    ],
)
def test_a_public_name_is_asked_in_lower_case_and_punycode(typed: str, asked: str) -> None:
    assert ascii_name(typed) == asked


def test_names_for_examples_are_asked_of_a_stand_in_alone() -> None:
    assert ascii_name("social.example", is_development=True) == "social.example"
    assert ascii_name("social.test", is_development=True) == "social.test"
    assert ascii_name("social.local", is_development=True) is None


PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
    *("100.64.0.1", "100.127.255.255", "169.254.169.254", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff0e::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1", "3fff::1", "5f00::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002::1"),
    *("2001:0:4136:e378:8000:63bf:80ff:fffe", "2001::1", "100::1", "fec0::1", "2606:4700::1%lo"),
    *("127.1", "0177.0.0.1", "localhost", "", "1.2.3.4.5", "１２７.0.0.1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_this_machine_or_its_network_is_dialled(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a01:4f8::1", "64:ff9b::5db8:d822", "::ffff:1.1.1.1"]
)
def test_public_addresses_are_dialled(address: str) -> None:
    assert is_public(address)


def test_python_alone_takes_some_of_them_for_public() -> None:
    assert [each for each in PRIVATE if _is_global(each)] != []


def _is_global(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
