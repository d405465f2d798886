"""The client's address as the platform states it; what a client writes into X-Forwarded-For is never read."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from functions.edge.exchange import Scope, header

UNKNOWN: Final = "unknown"
"""All requests without a readable address share one limit."""


def client_address(scope: Scope, *, platform_header: str) -> str:
    """An IPv4 address, an IPv6 /64 (what one customer gets), or UNKNOWN.

    Read from API Gateway's requestContext.http.sourceIp, else from `platform_header` where one is
    configured, else from the connection's peer.
    """
    event = scope.get("aws.event")
    if event is not None:
        return _limited_unit(str(event.get("requestContext", {}).get("http", {}).get("sourceIp", "")))
    if platform_header:
        return _limited_unit(header(scope, platform_header))
    peer = scope.get("client")
    return _limited_unit(str(peer[0]) if peer else "")


def _limited_unit(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return UNKNOWN
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
