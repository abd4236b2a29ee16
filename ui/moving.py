"""Another project on the same page: the conversation that this person had about it, or a new one."""

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from .following import SHARED, Drawn, Following, Page
from .panels.panel import Click, Clicks, NotYet
from .people_door import person_of
from .window_sessions import Sessions


def connect_moving(page: Page, sessions: Sessions, following: Following, clicks: Clicks) -> None:
    """The clicks that open another project."""

    def moving(click: Click) -> Any:
        async def move(request: gr.Request, shown: dict[str, Any], *values: Any) -> AsyncIterator[Drawn]:
            try:
                session = await sessions.about(str(click.make(*values)), person_of(request))
            except (NotYet, LookupError) as why:
                gr.Info(str(why))
                yield page.nothing
                return
            yield following.view(session, {})

        return move

    for click in clicks.moves:
        click.listen(moving(click), [page.shown, *click.inputs], page.all, **SHARED)
