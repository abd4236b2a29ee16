"""The window's door, on a real server: who is let in, and what another site can make a browser do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from people_rooms import ANNA, PASSWORD, QUEUE, YOU, House, opened

from trainer_core import people
from trainer_core.people_tables import Person
from trainer_core.projects import Workspace
from ui.people_access import ALONE, Access, AccessRefused, Way, access_of, networks_of
from ui.people_door import FILES, UPLOAD
from ui.people_guard import COOKIE, Guard
from ui.people_throttle import Throttle


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield from opened(tmp_path_factory.mktemp("people"), Access(Way.SIGN_IN, password="the machine's password"))


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    access = Access(Way.PROXY, header="X-Forwarded-User", proxies=networks_of(("127.0.0.1/32",)))
    yield from opened(tmp_path_factory.mktemp("proxy"), access)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/config"),
        ("GET", "/gradio_api/info"),
        ("GET", "/assets/index.js"),
        ("GET", f"{QUEUE}/data?session_hash=x"),
        ("GET", "/gradio_api/heartbeat/x"),
        ("POST", f"{QUEUE}/join"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/gradio_api/api/predict"),
        ("POST", "/gradio_api/call/send"),
        ("POST", UPLOAD),
        ("POST", "/gradio_api/cancel"),
        ("GET", f"{FILES}/etc/passwd"),
    ],
)
def test_nothing_answers_before_signing_in(house: House, method: str, path: str) -> None:
    with house.client() as browser:
        body = {"fn_index": 3, "data": [], "session_hash": "x"} if method == "POST" else None
        answer = browser.request(method, path, json=body)
    assert answer.status_code == 401
    assert "sign in" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_first_page_asks_for_name_and_password(house: House) -> None:
    with house.client() as browser:
        assert browser.get("/").headers["location"] == "./sign-in"
        page = browser.get("/sign-in")
        assert 'type="password"' in page.text
        assert "script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for closed in ("/login", "/logout", "/monitoring", "/gradio_api/vibe-code", "/gradio_api/proxy=x"):
            assert browser.get(closed).status_code == 404
        assert browser.get("/gradio_api/startup-events").status_code == 200
        assert browser.get("/gradio_api/startup-events/../config").status_code in (401, 404)
    with house.client("web:nobody-of-that-name") as browser:
        assert browser.get("/config").status_code == 401


def test_a_wrong_password_is_told_and_then_slowed_down(house: House) -> None:
    with house.client() as browser:
        for _ in range(5):
            wrong = browser.post("/sign-in", data={"name": "cleo", "password": "guess"})
            assert wrong.status_code == 401
            assert "do not fit together" in wrong.text
        late = browser.post("/sign-in", data={"name": "CLEO ", "password": PASSWORD})
        assert late.status_code == 429
        assert re.search(r"Please wait \d+ s", late.text)
        assert COOKIE not in late.cookies


def test_many_guesses_at_once_are_counted_one_by_one(house: House) -> None:
    guard = Guard(house.workspace, Access(Way.SIGN_IN))
    with ThreadPoolExecutor(12) as crowd:
        told = list(crowd.map(lambda n: guard.sign_in("anna", f"guess {n}", "1.2.3.4"), range(12)))
    assert sum("do not fit" in words for _secret, words in told) == 5
    assert sum("Please wait" in words for _secret, words in told) == 7


def test_whoever_signs_in_gets_a_cookie_that_pages_cannot_read(house: House) -> None:
    with house.client() as browser:
        done = browser.post("/sign-in", data={"name": " Ben", "password": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "./")
        cookie = done.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        page = browser.get("/")
        assert page.status_code == 200
        assert "web:ben" in page.text
        assert browser.post("/sign-out").status_code == 303
    with httpx.Client(base_url=house.address, cookies={COOKIE: cookie.split(";")[0].split("=", 1)[1]}) as browser:
        assert browser.get("/config").status_code == 401


def test_whoever_owns_the_machine_still_signs_in_by_its_password(house: House) -> None:
    with house.client() as browser:
        done = browser.post("/sign-in", data={"name": "sidekick", "password": "the machine's password"})
        assert done.status_code == 303
        assert '"username":"you"' in browser.get("/").text
        assert browser.post("/sign-in", data={"name": "sidekick", "password": "another"}).status_code == 401


def test_every_answer_says_what_the_browser_may_do(house: House) -> None:
    context = house.project(ANNA)
    made = house.workspace.pictures_folder(context.project_id) / "sheet.html"
    made.write_text("<script>alert(1)</script>", encoding="utf-8")
    with house.client(ANNA) as browser:
        page, file = browser.get("/"), browser.get(f"{FILES}{made}")
    for answer in (page, file):
        assert answer.status_code == 200
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in file.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_no_handler_is_a_public_endpoint(house: House) -> None:
    with house.client(ANNA) as browser:
        told = browser.get("/gradio_api/info", params={"all_endpoints": "true"}).json()
        assert browser.get("/gradio_api/info").json()["named_endpoints"] == {}
        visible = [each["api_visibility"] for each in browser.get("/config").json()["dependencies"]]
    assert told["named_endpoints"] == {}
    assert set(visible) == {"private"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
    ],
)
def test_another_site_makes_a_browser_do_nothing(house: House, headers: dict[str, str]) -> None:
    with house.client(ANNA, **headers) as browser:
        for path in (f"{QUEUE}/join", UPLOAD, "/gradio_api/run/predict", "/sign-out", "/sign-in"):
            answer = browser.post(path, json={"fn_index": 0, "data": [], "session_hash": "x"})
            assert answer.status_code == 403
            assert "another page" in answer.text
        assert browser.get("/config").status_code == 403


def test_a_link_to_the_window_may_be_followed(house: House) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    with house.client(ANNA, **link) as browser:
        assert browser.get("/").status_code == 200
        assert browser.post(f"{QUEUE}/join", json={}).status_code == 403
    own = house.address.rstrip("/")
    with house.client(ANNA, Origin=own) as browser:
        assert browser.get("/config").status_code == 200


def test_the_proxy_says_who_is_asking(behind_proxy: House) -> None:
    with behind_proxy.client(**{"X-Forwarded-User": "Dora@Example.com", "X-Forwarded-For": "203.0.113.9"}) as browser:
        assert "web:dora@example.com" in browser.get("/").text
    people.remove_person(behind_proxy.workspace, "cleo")
    for headers in ({}, {"X-Forwarded-User": ""}, {"X-Forwarded-User": "a b"}, {"X-Forwarded-User": "cleo"}):
        with behind_proxy.client(**headers) as browser:
            assert browser.get("/").status_code == 401
    twice = [("X-Forwarded-User", "anna"), ("X-Forwarded-User", "ben")]
    assert httpx.get(f"{behind_proxy.address}config", headers=twice).status_code == 401
    assert httpx.get(f"{behind_proxy.address}sign-in").status_code == 401


def test_only_the_proxy_may_say_it(behind_proxy: House) -> None:
    """From another address of this machine, whatever else the request claims."""
    for claimed in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}):
        transport = httpx.HTTPTransport(local_address="127.0.0.77")
        with httpx.Client(transport=transport, base_url=behind_proxy.address) as browser:
            answer = browser.get("/config", headers={"X-Forwarded-User": "anna", **claimed})
        assert answer.status_code == 401
        assert "in front of it" in answer.text


def test_alone_on_this_machine_no_other_name_leads_here(tmp_path: Path) -> None:
    """A stranger's name that is made to lead to this machine (DNS rebinding) must not act as whoever sits here."""
    for house in opened(tmp_path, ALONE):
        assert httpx.get(f"{house.address}config").json()["username"] == YOU
        assert httpx.get(house.address.replace("127.0.0.1", "localhost")).status_code == 200
        port = house.address.rsplit(":", 1)[1].strip("/")
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost@evil.example", "[x"):
            answer = httpx.get(f"{house.address}config", headers={"Host": host})
            assert answer.status_code in (400, 403), host


def test_a_window_for_others_is_refused_without_people(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert access_of(workspace) == ALONE
    for odd in (
        {"host": "0.0.0.0"},
        {"host": "192.168.1.5"},
        {"share": True},
        {"share": True, "password": "short"},
        {"header": "X-Forwarded-User"},
        {"header": "X-Forwarded-User", "proxies": ("0.0.0.0/0",)},
        {"header": "X-Forwarded-User", "proxies": ("the proxy",)},
        {"header": "no header", "proxies": ("10.0.0.0/8",)},
        {"header": "X-Forwarded-User", "proxies": ("10.0.0.0/8",), "share": True},
    ):
        with pytest.raises(AccessRefused, match=r"Nothing was opened|needs a password"):
            access_of(workspace, **odd)  # type: ignore[arg-type]
    assert access_of(workspace, password="mine").way is Way.SIGN_IN
    with workspace.session() as session:
        session.add(Person(name="anna", display="Anna", password="none"))
    assert access_of(workspace).way is Way.SIGN_IN
    assert access_of(workspace, host="0.0.0.0").way is Way.SIGN_IN
    assert access_of(workspace, header="X-Forwarded-User", proxies=("10.0.0.0/8",)).way is Way.PROXY


def test_waits_double_and_are_forgotten() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(4):
        throttle.wrong("anna", "1.2.3.4")
    assert throttle.wait("anna", "1.2.3.4") == 0
    throttle.wrong("anna", "1.2.3.4")
    assert throttle.wait("anna", "another") == 30
    now[0] = 30
    assert throttle.wait("anna", "another") == 0
    throttle.wrong("anna", "1.2.3.4")
    assert throttle.wait("anna", "another") == 60
    for name in range(30):
        throttle.wrong(f"name-{name}", "1.2.3.4")
    assert throttle.wait("ben", "1.2.3.4") > 60
    throttle.right("anna")
    assert throttle.wait("anna", "another") == 0
    now[0] = 5000
    assert throttle.wait("ben", "1.2.3.4") == 0
