"""Who is asking: from the browser's sign-in, from the proxy in front, or simply whoever sits at this machine."""

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

from starlette.requests import HTTPConnection

from trainer_core import people
from trainer_core.people import MACHINE, normal_name, person_id
from trainer_core.projects import Workspace

from . import words_people as words
from .people_access import Access, Way
from .people_throttle import Throttle
from .strings import PERSON, seconds_words

COOKIE = "sidekick-session"
REMEMBERED = 3.0  # seconds for which a sign-in is taken as it was: one page asks for hundreds of files
MOST = 20_000  # pages whose person is remembered


class Guard:
    """Knows the people of one window. Everything here may be called from several threads."""

    def __init__(self, workspace: Workspace, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self.workspace, self.access = workspace, access
        self._clock = clock
        self._throttle, self._signing_in = Throttle(clock), threading.Lock()
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._pages: OrderedDict[str, str] = OrderedDict()

    def person_of(self, connection: HTTPConnection) -> str | None:
        """Who is asking; None for somebody who must sign in, or who did not come through the proxy."""
        if self.access.way is Way.MACHINE:
            return PERSON
        if self.access.way is Way.PROXY:
            return self._named_by_proxy(connection)
        secret = connection.cookies.get(COOKIE)
        return self._signed_in(secret) if secret else None

    def from_proxy(self, connection: HTTPConnection) -> bool:
        """Does the request come straight from a trusted proxy? Only then are its headers believed."""
        try:
            peer = ip_address(connection.client.host if connection.client else "")
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in network for network in self.access.proxies)

    def address_of(self, connection: HTTPConnection) -> str:
        """Where the request comes from; of one that a trusted proxy passed on, what the proxy says last."""
        peer = connection.client.host if connection.client else ""
        passed = connection.headers.get("x-forwarded-for", "")
        return passed.rsplit(",", 1)[-1].strip()[:80] if passed and self.from_proxy(connection) else peer

    def sign_in(self, name: str, password: str, address: str) -> tuple[str | None, str]:
        """The secret for the browser's cookie, or None and why not, in words."""
        try:
            kept = normal_name(name)
        except ValueError:
            kept = ""  # nobody's; the time it takes is the same
        machine = kept == MACHINE and self.access.password is not None
        with self._signing_in:  # one after the other: many guesses at once would all be looked at before any counts
            wait = self._throttle.wait(kept, address)
            if wait > 0:
                return None, words.TOO_OFTEN.format(wait=seconds_words(max(1.0, wait)))
            right = self._is_machines(password) if machine else people.password_is(self.workspace, kept, password)
            if not right:
                self._throttle.wrong(kept, address)
                return None, words.WRONG
            self._throttle.right(kept)
        if machine:
            return people.sign_in(self.workspace, PERSON, self.access.password or ""), ""
        return people.sign_in(self.workspace, person_id(kept)), ""

    def sign_out(self, secret: str) -> None:
        """This browser must sign in again."""
        people.sign_out(self.workspace, secret)
        self._known.pop(secret, None)

    def owns_page(self, page: str, person: str) -> bool:
        """A page (gradio's session_hash) belongs to the person who was the first to use it, and to nobody else."""
        owner = self._pages.setdefault(page, person)
        self._pages.move_to_end(page)
        while len(self._pages) > MOST:
            self._pages.popitem(last=False)
        return owner == person

    def _is_machines(self, password: str) -> bool:
        return hmac.compare_digest(password.encode(), (self.access.password or "").encode())

    def _signed_in(self, secret: str) -> str | None:
        at, person = self._known.get(secret, (-REMEMBERED, None))
        if self._clock() - at < REMEMBERED:
            return person
        found = people.signed_in(self.workspace, secret)
        person = found.person if found else None
        if found is not None and not people.is_web(found.person):  # whoever owns the machine, by its password
            same = found.stamp == people.stamp_of(secret, self.access.password or "")
            person = found.person if same and self.access.password else None
        self._known[secret] = (self._clock(), person)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return person

    def _named_by_proxy(self, connection: HTTPConnection) -> str | None:
        named = connection.headers.getlist(self.access.header)
        if len(named) != 1 or not self.from_proxy(connection):
            return None
        try:
            name = normal_name(named[0].encode("latin-1").decode("utf-8"))
        except ValueError:  # also of a name that is no UTF-8
            return None
        if name == MACHINE:
            return None
        known = people.find_person(self.workspace, name)
        return None if known is not None and known.disabled_at is not None else person_id(name)
