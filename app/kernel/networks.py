"""The network that an address counts for, wherever something is counted by address."""

from ipaddress import IPv6Address, IPv6Network, ip_address

# Whoever has an IPv6 address has the whole network of this length.
_NETWORK_BITS = 64


def network_of(address: str) -> str:
    """Returns the network of 64 bits of an IPv6 address; another address, or another text, as it is.

    An IPv4 address that is written as IPv6 (::ffff:10.0.0.7) is itself: where the server listens for
    both kinds, all of IPv4 comes from one network.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        # The socket of a file system has no address, and a proxy may write "unknown".
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _NETWORK_BITS), strict=False))
