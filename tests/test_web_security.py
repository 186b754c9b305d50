"""The stage page: whatever somebody on the network sends, what is not allowed is refused."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from types import SimpleNamespace

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from engine.cli.web import link_rows, page_place
from engine.errors import UsageError
from engine.processes.surface import SurfaceProcess
from engine.state.shared_status import SharedStatus
from engine.web.access import Access, AttemptLimit, RateLimit, is_own_host, is_own_origin, may
from engine.web.files import page_files
from engine.web.place import PagePlace
from tests.web import PATIENCE_S, come_in, free_port, request, until

SECRET = bytes(range(32))
MODULE = "engine.web.web_process"


@pytest.fixture(scope="module")
def page():
    """The web process over a shared status in which nothing stands."""
    port, status, notes = free_port(), SharedStatus.create(), []
    web = {"address": "127.0.0.1", "port": port, "secret": SECRET.hex()}
    facts = {"web": web, "presets": [], "takes": None, "rig": None}
    status.facts.put(json.dumps(facts).encode())
    service, stop, asked = (
        SurfaceProcess(MODULE, "page", status.path, notes.append),
        threading.Event(),
        [],
    )

    def fetch():
        while not stop.wait(0.01):
            asked.extend(service.commands())

    thread = threading.Thread(target=fetch)
    thread.start()
    until(lambda: service.is_serving)
    access = Access(SECRET, port)
    yield SimpleNamespace(
        port=port,
        origin=f"http://127.0.0.1:{port}",
        cookie=come_in(port, access.token("edit")),
        access=access,
        asked=asked,
        service=service,
        notes=notes,
    )
    stop.set()
    thread.join()
    service.stop()
    status.close()


def raw(port: int, text: str) -> bytes:
    """What is answered to bytes that no browser would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        line.sendall(text.replace("\n", "\r\n").encode("latin-1"))
        line.shutdown(socket.SHUT_WR)
        parts = []
        with contextlib.suppress(ConnectionResetError):
            while data := line.recv(65536):
                parts.append(data)
        return b"".join(parts)


# Method, path, headers beside those of a good request (None takes one away), body, status.
HOSTILE = {
    "another host (DNS rebinding)": ("GET", "/session", {"Host": "evil.example:{port}"}, "", 421),
    "a name that leads here": ("GET", "/session", {"Host": "127.0.0.1.evil.example"}, "", 421),
    "another port": ("GET", "/session", {"Host": "127.0.0.1:1"}, "", 421),
    "an address beside ours": ("GET", "/session", {"Host": "127.0.0.2:{port}"}, "", 421),
    "a number for our address": ("GET", "/session", {"Host": "2130706433:{port}"}, "", 421),
    "a user in the host": ("GET", "/session", {"Host": "x@127.0.0.1:{port}"}, "", 421),
    "no host": ("GET", "/session", {"Host": None}, "", 400),
    "another origin": ("POST", "/login", {"Origin": "http://evil.example"}, "{}", 403),
    "an origin of a file": ("POST", "/login", {"Origin": "null"}, "{}", 403),
    "our name under https": ("POST", "/login", {"Origin": "https://127.0.0.1:{port}"}, "{}", 403),
    "an origin of another port": ("POST", "/login", {"Origin": "http://127.0.0.1:1"}, "{}", 403),
    "no origin where one is due": ("POST", "/login", {"Origin": None}, "{}", 403),
    "a page of others reads": ("GET", "/session", {"Origin": "http://evil.example"}, "", 403),
    "a site of others asks": ("GET", "/session", {"Sec-Fetch-Site": "cross-site"}, "", 403),
    "a neighbour's site asks": ("GET", "/main.js", {"Sec-Fetch-Site": "same-site"}, "", 403),
    "a way out of the folder": ("GET", "/../web_process.py", {}, "", 404),
    "the same in escapes": ("GET", "/%2e%2e/%2e%2e/pyproject.toml", {}, "", 404),
    "the same twice escaped": ("GET", "/%252e%252e/access.py", {}, "", 404),
    "a path of the system": ("GET", "//etc/passwd", {}, "", 404),
    "a backslash": ("GET", "/vendor\\..\\access.py", {}, "", 404),
    "a byte of nothing": ("GET", "/main.js%00.html", {}, "", 404),
    "a source file": ("GET", "/access.py", {}, "", 404),
    "a path without an end": ("GET", "/" + "a" * 2000, {}, "", 414),
    "a token in the query": ("GET", "/?token=x", {}, "", 414),
    "another method": ("DELETE", "/", {}, "", 405),
    "a trace": ("TRACE", "/", {}, "", 405),
    "a preflight": ("OPTIONS", "/login", {"Access-Control-Request-Method": "POST"}, "", 405),
    "a session by post": ("POST", "/session", {}, "{}", 405),
    "a body without measure": ("POST", "/login", {"Content-Length": "99999999"}, "{}", 413),
    "a header without end": ("GET", "/", {"X": "a" * 40000}, "", 431),
    "no token": ("POST", "/login", {}, "{}", 401),
    "a cookie of nobody": ("GET", "/session", {"Cookie": "{name}=forged"}, "", 401),
    "a cookie for a link's word": ("GET", "/session", {"Cookie": "{name}={token}"}, "", 401),
    "no cookie": ("GET", "/session", {"Cookie": None}, "", 401),
    "takes without one": ("GET", "/takes", {"Cookie": None}, "", 401),
    "a sound without one": ("GET", "/takes/x/out", {"Cookie": None}, "", 401),
    "a take that is a way out": ("GET", "/takes/..%2f..%2fetc/out", {}, "", 404),
    "a part that is a way out": ("GET", "/takes/x/..%2ftake.json", {}, "", 404),
    "a preset that is a way out": ("GET", "/presets/..%2f..%2f/card", {}, "", 404),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_request_is_refused(page, what):
    method, path, changed, body, status = HOSTILE[what]
    words = {"port": page.port, "name": page.access.cookie_name, "token": page.access.token("edit")}
    headers = {
        "Host": f"127.0.0.1:{page.port}",
        "Origin": page.origin,
        "Cookie": page.cookie,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    headers |= {k: v if v is None else v.format(**words) for k, v in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    answer = raw(page.port, "\n".join([f"{method} {path} HTTP/1.1", *lines, "", body]))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1].decode() == str(status), head
    assert b"set-cookie" not in head.lower()
    assert b"access-control" not in head.lower()
    assert SECRET.hex().encode() not in rest
    assert request(page.port, "GET", "/session", cookie=page.cookie)[0] == 200  # it is well


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 25


def test_bytes_that_are_no_request_are_refused(page):
    for text in (
        "\n\n",
        "GET\n\n",
        "GET / HTTP/9.9\n\n",
        "\x16\x03\x01\x02\x00",
        "GET / HTTP/1.1\n x",
    ):
        head = raw(page.port, text)
        assert not head or head.split(b" ")[1][:1] == b"4"
    smuggled = "POST /login HTTP/1.1\nHost: 127.0.0.1:{0}\nOrigin: http://127.0.0.1:{0}\n"
    smuggled += "Content-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /session HTTP/1.1\n\n"
    assert raw(page.port, smuggled.format(page.port)).count(b"HTTP/1.1 200") == 0
    assert request(page.port, "GET", "/session", cookie=page.cookie)[0] == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://evil.example"},
        {"Origin": None},
        {"Host": "evil.example"},
        {"Cookie": None},
        {"Cookie": "doubledrop=1"},
    ],
)
def test_a_socket_of_others_is_refused(page, changed):
    headers = {"Origin": page.origin, "Cookie": page.cookie} | changed
    host = headers.pop("Host", None)
    given = {name: value for name, value in headers.items() if value is not None}
    url = f"ws://{host or '127.0.0.1'}:{page.port}/socket"
    line = socket.create_connection(("127.0.0.1", page.port))
    with pytest.raises(InvalidStatus) as refused:
        connect(url, sock=line, additional_headers=given, proxy=None).__enter__()
    assert refused.value.response.status_code == 403
    line.close()


def test_a_link_gives_a_cookie_that_no_script_and_no_other_site_can_use(page):
    body = json.dumps({"token": page.access.token("play")})
    status, headers, _ = request(page.port, "POST", "/login", body, origin=page.origin)
    assert status == 200
    words = [word.strip().lower() for word in headers["set-cookie"].split(";")]
    assert {"httponly", "samesite=strict", "path=/"} <= set(words)
    assert headers["cache-control"] == "no-store"
    cookie = headers["set-cookie"].partition(";")[0]
    assert json.loads(request(page.port, "GET", "/session", cookie=cookie)[2]) == {"role": "play"}


def test_whoever_guesses_has_to_wait(page):
    """The last, for it shuts this address out for a minute."""
    answers = [
        request(page.port, "POST", "/login", '{"token":"guess"}', origin=page.origin)[0]
        for _ in range(8)
    ]
    assert answers[-1] == 429
    assert set(answers) == {401, 429}
    good = json.dumps({"token": page.access.token("edit")})
    assert request(page.port, "POST", "/login", good, origin=page.origin)[0] == 429
    assert request(page.port, "GET", "/session", cookie=page.cookie)[0] == 200  # who is in stays in
    assert page.asked == []


def test_tokens_and_cookies_are_no_ones_but_their_roles():
    access, other = Access(SECRET, 8174), Access(bytes(32), 8174)
    words = [f(role) for f in (access.token, access.cookie) for role in ("watch", "play", "edit")]
    assert len(set(words)) == 6
    assert all(len(word) >= 22 for word in words)
    for role in ("watch", "play", "edit"):
        assert access.role_of_token(access.token(role)) == role
        assert access.role_of({access.cookie_name: access.cookie(role)}) == role
        assert access.role_of_token(access.cookie(role)) is None
        assert other.role_of_token(access.token(role)) is None
    assert access.role_of_token("") is None
    assert access.role_of_token("ü\ud800") is None
    assert [may("play", role) for role in ("watch", "play", "edit")] == [True, True, False]
    assert not may(None, "watch")


def test_hosts_and_origins():
    assert is_own_host(["192.168.1.5:8174"], "192.168.1.5", 8174)
    assert is_own_host(["LocalHost:8174"], "127.0.0.1", 8174)
    assert not is_own_host(["localhost:8174"], "192.168.1.5", 8174)
    assert not is_own_host(["192.168.1.5:8174"] * 2, "192.168.1.5", 8174)
    assert not is_own_host([], "192.168.1.5", 8174)
    assert not is_own_host(["x"], "", 0)
    assert is_own_origin(["http://a:1"], "a:1", needed=True)
    assert not is_own_origin(["http://a:1", "http://a:1"], "a:1", needed=True)
    assert is_own_origin([], "a:1", needed=False)
    assert not is_own_origin([], "a:1", needed=True)


def test_limits_are_forgotten_after_a_while():
    limit = AttemptLimit(each=2, all_=3, while_s=10.0)
    for at_s in (0.0, 1.0):
        assert not limit.is_reached("a", at_s)
        limit.failed("a", at_s)
    assert limit.is_reached("a", 2.0)
    assert not limit.is_reached("b", 2.0)
    limit.failed("b", 2.0)
    assert limit.is_reached("c", 2.0)  # of all addresses together
    assert not limit.is_reached("c", 10.5)
    assert limit.is_reached("a", 10.5) is False
    rate = RateLimit(10.0, 2.0)
    assert [rate.allows(100.0) for _ in range(3)] == [True, True, False]
    assert rate.allows(100.15)
    assert not rate.allows(100.15)


def test_what_the_page_loads_is_all_ours():
    """No address of anybody else's in what a browser is given."""
    for path, file in page_files().items():
        text = file.data.decode()
        if path.startswith("/vendor/") or path == "/icon.svg":
            continue
        assert "http://" not in text, path
        assert "https://" not in text, path
    assert sum(len(file.packed) for path, file in page_files().items() if path != "/") < 150_000


def test_a_port_that_is_taken_is_named_before_the_show():
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(UsageError, match="--web-port"):
        page_place("", taken.getsockname()[1])
    assert page_place(None, 8174) is None
    assert page_place("", free_port()).address == "127.0.0.1"


def test_on_the_network_a_camera_can_read_the_link():
    links = {role: f"http://192.168.1.5:8174/#{role}" for role in ("watch", "play", "edit")}
    rows = [
        row.plain for row in link_rows(links, PagePlace("0.0.0.0", 8174, "192.168.1.5"), "utf-8")
    ]
    assert sum("█" in row for row in rows) > 10
    assert any(links["watch"] in row for row in rows)
    here = [row.plain for row in link_rows(links, PagePlace(), "utf-8")]
    assert not any("█" in row for row in here)
    assert [row for row in here if "http" in row] == [f"  everything: {links['edit']}"]
