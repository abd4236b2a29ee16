"""What every answer says to the browser, and which requests come from the window's own page.

What gradio's page needs of the policy was found by trying (tests/test_sign_in.py opens it in a browser): it starts
itself by scripts in the page, which get a mark that is new each time (a nonce), so that no other script in the page
runs; it runs a component's `js_on_load` as text, so eval stays allowed, and writes styles into the page. Nothing is
fetched from, sent to or shown in another site.
"""

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
FILE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' data:",
        "media-src 'self' data:",
        "style-src 'unsafe-inline'",
        "frame-ancestors 'none'",
        "sandbox",
    )
)  # a file that is opened by itself, such as a report of scores, runs nothing
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
KEPT_BY_BROWSERS = ("/assets/", "/static/", "/svelte/")  # gradio's own files, the same for everybody
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def headers_for(path: str, *, a_file: bool) -> dict[str, str]:
    """The headers of an answer at this path. Only gradio's own files may be kept by the browser."""
    headers = dict(ALWAYS) | {"content-security-policy": FILE_POLICY if a_file else PAGE_POLICY}
    if not path.startswith(KEPT_BY_BROWSERS):
        headers["cache-control"] = "no-store"
    return headers


def with_nonce(page: bytes) -> tuple[bytes, str]:
    """The page with its scripts marked, and the policy that lets only these run. Data in the page holds no `<`."""
    nonce = secrets.token_urlsafe(18)
    policy = PAGE_POLICY.replace("script-src 'self'", f"script-src 'self' 'nonce-{nonce}'")
    return page.replace(b"<script", f'<script nonce="{nonce}"'.encode()), policy


def from_own_page(method: str, headers: Headers, hosts: tuple[str, ...]) -> bool:
    """Was the request sent by the window's own page, by a person following a link, or by no browser at all?

    A browser says where a request comes from, and no page can make it say otherwise: `Sec-Fetch-Site` (over https and
    on this machine), else `Origin`. `hosts`: the names and ports by which the window is called.
    """
    site = headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return True
    if site is not None:
        opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return opened and method in ("GET", "HEAD")
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.casefold() in hosts
    except ValueError:
        return False


def is_local_name(host: str) -> bool:
    """Is it this machine's own name? Another one means that a stranger's name was made to lead here (DNS rebinding)."""
    try:
        return (urlsplit(f"//{host}").hostname or "") in LOCAL_NAMES
    except ValueError:
        return False
