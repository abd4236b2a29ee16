"""The page that asks for name and password: without scripts, and with nothing from elsewhere."""

import html

from . import words_people as words

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: light-dark(#f6f7f9, #16181d); color: light-dark(#1c2430, #e8ebf0); }
main { width: min(22rem, calc(100vw - 3rem)); padding: 2rem; border-radius: 12px; box-sizing: border-box;
  background: light-dark(#fff, #20242c); border: 1px solid light-dark(#d9dee6, #363c48); }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin: .9rem 0 .25rem; font-weight: 600; }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .55rem .7rem; border-radius: 8px; color: inherit;
  background: light-dark(#fff, #16181d); border: 1px solid light-dark(#8a94a3, #6b7585); }
button { width: 100%; margin-top: 1.4rem; font: inherit; font-weight: 600; padding: .65rem; border: 0;
  border-radius: 8px; background: #4338ca; color: #fff; cursor: pointer; }
button:hover { background: #3730a3; }
:focus-visible { outline: 3px solid light-dark(#4338ca, #a5b4fc); outline-offset: 2px; }
.told { margin: 0; padding: .6rem .8rem; border-radius: 8px; background: light-dark(#fdf0ef, #3d2322); }
.quiet { margin: 1.2rem 0 0; font-size: .9rem; color: light-dark(#515b69, #aab3c0); }
"""


def sign_in_page(told: str = "", name: str = "") -> str:
    """The page; `told` says why it is shown (again), `name` is what was entered before."""
    note = f'<p class="told" role="alert">{html.escape(told)}</p>' if told else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words.TITLE}: {words.SIGN_IN}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{words.TITLE}</h1>
{note}
<form method="post" action="sign-in">
<label for="name">{words.NAME}</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" maxlength="80" required
  value="{html.escape(name[:80], quote=True)}" {"" if name else "autofocus"}>
<label for="password">{words.PASSWORD}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required
  {"autofocus" if name else ""}>
<button type="submit">{words.SIGN_IN}</button>
</form>
<p class="quiet">{words.FORGOTTEN}</p>
</main>
</body>
</html>
"""
