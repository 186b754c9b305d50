"""Who may see the stage page, and who may do what: links, cookies, roles, hosts and origins.

Everything follows from one secret that is made for a session of ``play``, so that a web process
that is started again knows those who had come in before. No password, no list of users: whoever has
a link has its role.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections import deque
from collections.abc import Mapping, Sequence

ROLES = ("watch", "play", "edit")
"""Each may do what those before it may: see, play the controls, write into rig and takes."""
_DIGITS = 22  # of a token: 132 bits


class Access:
    """Tokens of links, and cookies.

    Args:
        secret: of this session, at least 16 bytes.
        port: of the page: cookies do not tell ports apart, so it is in their name.
    """

    def __init__(self, secret: bytes, port: int) -> None:
        self._secret = secret
        self.cookie_name = f"doubledrop-{port}"
        self._tokens = {self.token(role): role for role in ROLES}
        self._cookies = {self.cookie(role): role for role in ROLES}

    def token(self, role: str) -> str:
        """What stands in the link of a role."""
        return self._signed(f"link {role}")

    def cookie(self, role: str) -> str:
        """What a browser that has come in with that link keeps."""
        return self._signed(f"cookie {role}")

    def role_of_token(self, token: str) -> str | None:
        """The role of a link; None where it is no link of ours."""
        return _found(self._tokens, token)

    def role_of(self, cookies: Mapping[str, str]) -> str | None:
        """The role of a browser; None where it has not come in."""
        return _found(self._cookies, cookies.get(self.cookie_name, ""))

    def _signed(self, what: str) -> str:
        digest = hmac.new(self._secret, what.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode()[:_DIGITS]


def may(role: str | None, needed: str) -> bool:
    """Whether a role may do what another one may."""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)


def _found(known: Mapping[str, str], given: str) -> str | None:
    """The role of a word, in a time that does not say how much of it is right."""
    role = None
    for word, its in known.items():
        if hmac.compare_digest(word.encode(), given.encode("utf-8", "replace")):
            role = its
    return role


def is_own_host(hosts: Sequence[str], address: str, port: int) -> bool:
    """Whether a request names this very address: a name that somebody else's DNS leads here with
    (DNS rebinding) never does.

    Args:
        hosts: every ``Host`` header of the request.
        address: of ours that the request came in at.
        port: of ours.
    """
    try:
        its = ipaddress.ip_address(address)
    except ValueError:
        return False
    own = {f"[{its}]:{port}" if its.version == 6 else f"{its}:{port}"}
    if its.is_loopback:
        own.add(f"localhost:{port}")
    return len(hosts) == 1 and hosts[0].lower() in own


def is_own_origin(origins: Sequence[str], host: str, needed: bool) -> bool:
    """Whether a request comes from a page of ours.

    Args:
        origins: every ``Origin`` header of the request.
        host: its ``Host``, which is ours.
        needed: whether there has to be one: browsers send it with all that changes something.
    """
    if not origins:
        return not needed
    return len(origins) == 1 and origins[0].lower() == f"http://{host.lower()}"


class AttemptLimit:
    """How often a wrong link may be tried.

    Args:
        each: attempts of one address in a while.
        all_: attempts of all addresses.
        while_s: the while.
    """

    _MOST = 4096  # addresses that are remembered

    def __init__(self, each: int = 5, all_: int = 50, while_s: float = 60.0) -> None:
        self._each, self._all, self._while_s = each, all_, while_s
        self._tries: deque[tuple[float, str]] = deque(maxlen=self._MOST)

    def is_reached(self, address: str, now_s: float) -> bool:
        """Whether an address has to wait."""
        while self._tries and now_s - self._tries[0][0] > self._while_s:
            self._tries.popleft()
        own = sum(its == address for _, its in self._tries)
        return own >= self._each or len(self._tries) >= self._all

    def failed(self, address: str, now_s: float) -> None:
        """It was wrong."""
        self._tries.append((now_s, address))


class RateLimit:
    """So many messages a second, and a few more at once (token bucket).

    Args:
        rate: a second.
        burst: at once.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at_s = burst, 0.0

    def allows(self, now_s: float) -> bool:
        """Whether there may be one more."""
        gained = self._rate * max(0.0, now_s - self._at_s)
        self._left, self._at_s = min(self._burst, self._left + gained), now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
