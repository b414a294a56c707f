"""Whose address a request has: of whoever is connected, or, where that is a proxy that we trust, of whom it names."""

import ipaddress
from collections.abc import Mapping, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: Sequence[str]) -> Sequence[Network]:
    """Of the settings' `trusted_proxies`."""
    return [ipaddress.ip_network(text) for text in texts]


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """peer : who is connected, "" of a Unix socket. forwarded : X-Forwarded-For, its lines joined by commas.

    From the right, the first that is no proxy of ours: what stands left of it anybody may have written. An IPv6
    address stands for its /64, which one subscriber has all of.
    """
    hops = [*(each.strip() for each in forwarded.split(",")[-20:]), peer] if forwarded else [peer]
    address = peer
    for hop in reversed(hops):
        try:
            parsed = ipaddress.ip_address(hop)
        except ValueError:
            break
        address = hop
        if not any(parsed in network for network in trusted):
            break
    return _one_subscriber(address)


def is_on_loopback(peer: str, headers: Mapping[str, str]) -> bool:
    """Whether this machine itself asks, and not a proxy on it for somebody."""
    if any(name in headers for name in ("x-forwarded-for", "forwarded", "via", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def is_inside(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether it is this machine, or a proxy that we trust: who may speak for many."""
    try:
        parsed = ipaddress.ip_address(peer)
    except ValueError:
        return True  # a Unix socket
    return parsed.is_loopback or any(parsed in network for network in trusted)


def is_proxy_unnamed(peer: str, forwarded: str, trusted: Sequence[Network]) -> bool:
    """Whether a proxy on this machine speaks for others and the settings name none: all who come through it are one
    address then, and one who guesses passwords keeps all of them out."""
    try:
        return bool(forwarded) and not trusted and ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _one_subscriber(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None and not parsed.is_loopback:
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
