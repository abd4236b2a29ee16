"""The door of the window: every request passes it before gradio sees it.

It knows who is asking, keeps out requests that other sites make a browser send, hands out files only to people who see
their project, and says with every answer what the browser may do with it.
"""

import asyncio
import contextlib
import json

import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import words_people as words
from .people_access import Way
from .people_guard import COOKIE, Guard
from .people_headers import from_own_page, headers_for, is_local_name
from .people_messages import Held, body_of, form_of, given_again
from .people_page import POLICY, sign_in_page
from .uploaded import keep_uploads
from .window_files import may_fetch

API = "/gradio_api/"
FILES = f"{API}file="
UPLOAD = f"{API}upload"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
OPEN = (f"{API}startup-events", "/robots.txt", "/favicon.ico")  # gradio asks itself for the first; nothing is in them
CLOSED = (
    *("/login", "/logout", "/monitoring", f"{API}proxy=", f"{API}deep_link", f"{API}process_recording"),
    *(
        f"{API}file/",
        f"{API}vibe",
        f"{API}undo-vibe",
        f"{API}run-history",
        f"{API}dev/",
        f"{API}component_server",
        f"{API}token",
    ),
)  # of gradio, and not used here
MOST_BODY = 32 * 1024 * 1024  # bytes of a click or a message; files come by UPLOAD
MOST_FORM = 8 * 1024
SESSION_SECONDS = 30 * 24 * 3600


class Door:
    """ASGI middleware around gradio's application. Tells it the person as `scope["state"]["person"]`."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or let gradio answer it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, path_of(scope))
        request = Request(scope, receive)
        answer = self._turned_away(request) or await self._of_its_own(request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        person = await asyncio.to_thread(self._guard.person_of, request)
        if person is None:
            nobody = self._app if path_of(scope) in OPEN else self._must_sign_in(request)
            await nobody(scope, receive, send)
            return
        scope.setdefault("state", {})["person"] = person
        with contextlib.suppress(ClientDisconnect):  # the page was closed: nobody waits for an answer
            await self._pass_on(request, person, scope, receive, send)

    def _turned_away(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if self._guard.access.way is Way.MACHINE and not is_local_name(host):
            return PlainTextResponse(words.ODD_HOST, 403)
        hosts = [host]
        if self._guard.from_proxy(request):
            hosts.append(request.headers.get("x-forwarded-host", ""))
        if not from_own_page(request.method, request.headers, tuple(each.casefold() for each in hosts if each)):
            return PlainTextResponse(words.NOT_FROM_HERE, 403)
        if path_of(request.scope).startswith(CLOSED):
            return PlainTextResponse("Not found", 404)
        if request.method == "HEAD" and path_of(request.scope) == "/":
            return Response()  # gradio asks whether it is there; the whole page would be made for it
        return None

    async def _of_its_own(self, request: Request) -> Response | None:
        """Signing in and out."""
        path = path_of(request.scope).rstrip("/")
        if path not in (SIGN_IN, SIGN_OUT) or self._guard.access.way is not Way.SIGN_IN:
            return None
        if path == SIGN_IN and request.method in ("GET", "HEAD"):
            return _page("")
        if request.method != "POST":
            return PlainTextResponse(words.ODD_REQUEST, 405)
        if path == SIGN_OUT:
            await asyncio.to_thread(self._guard.sign_out, request.cookies.get(COOKIE, ""))
            answer: Response = RedirectResponse(f".{SIGN_IN}", 303)
            answer.delete_cookie(COOKIE)
            return answer
        form = await form_of(request, MOST_FORM)
        if form is None:
            return PlainTextResponse(words.ODD_REQUEST, 400)
        name, password = form.get("name", ""), form.get("password", "")
        address = self._guard.address_of(request)
        secret, told = await asyncio.to_thread(self._guard.sign_in, name, password, address)
        if secret is None:
            return _page(told, name, 401 if told == words.WRONG else 429)
        answer = RedirectResponse("./", 303)
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(COOKIE, secret, SESSION_SECONDS, httponly=True, samesite="lax", secure=secure)
        return answer

    def _must_sign_in(self, request: Request) -> Response:
        if self._guard.access.way is Way.PROXY:
            return PlainTextResponse(words.NO_PROXY, 401)
        if request.method in ("GET", "HEAD") and path_of(request.scope) == "/":
            return RedirectResponse(f".{SIGN_IN}", 303)
        return JSONResponse({"error": words.NO_SESSION}, 401)

    async def _pass_on(self, request: Request, person: str, scope: Scope, receive: Receive, send: Send) -> None:
        path, workspace = path_of(scope), self._guard.workspace
        if path.startswith(FILES):
            if not await asyncio.to_thread(may_fetch, workspace, person, path.removeprefix(FILES)):
                await PlainTextResponse(words.NOT_YOURS, 403)(scope, receive, send)
                return
        elif path.rstrip("/") == UPLOAD:
            held = Held(send)
            await self._app(scope, receive, held.take)
            if held.files:
                await asyncio.to_thread(keep_uploads, workspace, person, held.files)
            await held.pass_on()
            return
        elif path == "/" and request.method == "GET":
            held = Held(send)
            await self._app(scope, receive, held.take)
            await held.pass_page_on()
            return
        elif self._guard.access.way is not Way.MACHINE and path.startswith(API):
            refused, receive = await self._page_of(request, person, receive)
            if refused is not None:
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _page_of(self, request: Request, person: str, receive: Receive) -> tuple[Response | None, Receive]:
        """Is the page that the request names the person's own? gradio keeps what a page shows under its name."""
        pages = [request.query_params.get("session_hash")]
        path = path_of(request.scope)
        for part in ("heartbeat/", "stream/"):
            if path.startswith(API + part):
                pages.append(path.removeprefix(API + part).split("/")[0])
        if request.method == "POST":
            body = await body_of(request, MOST_BODY)
            if body is None:
                return PlainTextResponse(words.TOO_LARGE, 413), receive
            try:
                told = json.loads(body) if body else {}
            except ValueError:  # also of text that is no UTF-8
                return PlainTextResponse(words.ODD_REQUEST, 400), receive
            pages.append(told.get("session_hash") if isinstance(told, dict) else None)
            receive = given_again(body, receive)
        named = [page for page in pages if isinstance(page, str) and page]
        if not all(self._guard.owns_page(page, person) for page in named):
            return PlainTextResponse(words.NOT_YOUR_PAGE, 403), receive
        return None, receive


def path_of(scope: Scope) -> str:
    """The path as gradio's routes see it: without the part that is the application's own place on its server."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    inner = path.removeprefix(root)
    return inner if root and inner != path and inner.startswith("/") else path


def person_asking(connection: HTTPConnection) -> str | None:
    """gradio's `auth_dependency`: whom the door has let in."""
    person = connection.scope.get("state", {}).get("person")
    return person if isinstance(person, str) else None


def person_of(request: gr.Request) -> str:
    """Who sent what a handler of the window is called with. Raises PermissionError when nobody was let in."""
    if not request.username:
        raise PermissionError("a handler of the window was called around its door")
    return request.username


def _with_headers(send: Send, path: str) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            policy = headers.get("content-security-policy")
            for name, value in headers_for(path, a_file=path.startswith(FILES)).items():
                headers[name] = value
            if policy:
                headers["content-security-policy"] = policy
        await send(message)

    return with_headers


def _page(told: str, name: str = "", status: int = 200) -> Response:
    return HTMLResponse(sign_in_page(told, name), status, {"content-security-policy": POLICY})
