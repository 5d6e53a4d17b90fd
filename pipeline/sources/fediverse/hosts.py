"""Which hosts may be asked, by their names and their addresses: a stranger chooses them."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

import idna

LONGEST_NAME = 253
NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""At least one dot, and a last label that begins with a letter, as that of no IP address in any spelling does."""
FOR_DEVELOPMENT = frozenset(("example", "test"))
"""Top-level domains that only a stand-in has servers of: RFC 2606."""
REFUSED = FOR_DEVELOPMENT | {
    *("alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost"),
    *("onion", "private"),
}
"""Top-level domains that no public server can have."""
NO_SERVERS = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
"""Of protocols and of 6to4 relays; Python's is_global is true of some of them."""
PUBLIC = IPv6Network("2000::/3")
"""All that is assigned as global unicast: RFC 4291."""
TUNNELS = tuple(map(IPv6Network, ("2001::/23", "2002::/16", "3fff::/20")))
"""Teredo and 6to4, which hold an IPv4 address that may be any, and one for documents: no server needs them."""
NAT64 = IPv6Network("64:ff9b::/96")
"""The prefix under which a network without IPv4 reaches it: RFC 6052. That of RFC 8215 is for local use: refused."""


def ascii_name(host: str, *, is_development: bool = False) -> str | None:
    """The host's name as it is asked for, in lower case and punycode; None where no such host may be asked.

    is_development: whether a stand-in is asked instead of the host itself.
    """
    if len(host) > LONGEST_NAME:  # IDNA takes long for a long name
        return None
    try:
        name = idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        return None
    top = name.rpartition(".")[2]
    return None if top in REFUSED and not (is_development and top in FOR_DEVELOPMENT) else name


def is_public(address: str) -> bool:
    """Whether the IP address is one of the public internet, so that it leads to no machine near this one."""
    try:
        ip = ip_address(address)
    except ValueError:  # also one with a zone, as in fe80::1%eth0, where Python refuses that
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_v4(ip)
    inner = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else ip.ipv4_mapped
    if inner is not None:
        return ip.scope_id is None and _is_public_v4(inner)
    in_tunnel = any(ip in network for network in TUNNELS)
    return ip.scope_id is None and ip.is_global and not ip.is_multicast and ip in PUBLIC and not in_tunnel


def _is_public_v4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in NO_SERVERS)
