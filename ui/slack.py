"""`sidekick slack`: the same conversation in Slack, over Socket Mode, so that nothing of this machine is reachable."""

import asyncio
import logging
import re
import signal
import sys
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_core.jobs.recover import recover
from trainer_core.jobs.redact import HIDDEN, redact
from trainer_core.projects import Workspace, make_tables
from trainer_core.settings import in_force

if TYPE_CHECKING:
    from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler

    from .slack_app import Rooms

BASE_URL = "https://slack.com/api/"
NEEDS = (
    "The Slack bot needs two packages that are not installed. Install them with: pip install 'lora-sidekick[slack]' "
    "(in a checkout: pip install -e '.[slack]'). Nothing was started."
)
WHERE = "docs/slack.md shows how to get both tokens in a few minutes."
BAD_TOKEN = (
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
)
_TICKET = re.compile(r"(?i)\b(ticket|app_id)=[^&\s'\"]+")  # opens a web socket of ours


class NotStarted(Exception):
    """The bot cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """The two tokens, which are never shown, and the address of Slack's Web API."""

    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    base_url: str = BASE_URL

    @classmethod
    def from_environment(cls, home: Path | None = None) -> "Settings":
        """SLACK_BOT_TOKEN, SLACK_APP_TOKEN and SLACK_API_URL (for GovSlack), or the tokens that were set in the
        workspace. Raises NotStarted."""
        known = in_force(home)
        bot, app = (known.get(name, "").strip() for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"))
        for name, value, start in (("SLACK_BOT_TOKEN", bot, "xoxb-"), ("SLACK_APP_TOKEN", app, "xapp-")):
            if not value.startswith(start):
                problem = f"is no token that begins with {start}" if value else "is not set"
                raise NotStarted(f"{name} {problem}, so the Slack bot was not started. {WHERE}")
        return cls(bot, app, known.get("SLACK_API_URL", "").strip() or BASE_URL)


class Bot:
    """The running bot: connected to Slack from `start` to `stop`."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace, self.settings = workspace, settings
        self.rooms: Rooms
        self._handler: AsyncSocketModeHandler
        self._log = _logger(workspace)

    async def start(self) -> str:
        """Connect and go on watching; the bot's name in Slack. Raises NotStarted when Slack does not let it in."""
        from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
        from slack_sdk.errors import SlackApiError
        from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler as Patience
        from slack_sdk.http_retry.builtin_async_handlers import async_default_handlers
        from slack_sdk.web.async_client import AsyncWebClient

        from .slack_app import Rooms, build_app
        from .slack_messages import Slack

        patient = [*async_default_handlers(), Patience(max_retry_count=10)]  # waits as long as Slack says (Retry-After)
        client = AsyncWebClient(
            self.settings.bot_token, base_url=self.settings.base_url, logger=self._log, retry_handlers=patient
        )
        try:
            who = await client.auth_test()
            address = (await client.apps_connections_open(app_token=self.settings.app_token))["url"]
        except SlackApiError as refused:
            raise NotStarted(_refusal(str(refused.response.get("error")))) from None
        await asyncio.to_thread(make_tables, self.workspace.engine)  # those of the bot were declared only now
        self.rooms = Rooms(Slack(client, self.settings.bot_token, self.settings.base_url), self.workspace)
        self._handler = AsyncSocketModeHandler(
            build_app(self.rooms, self._log), self.settings.app_token, logger=self._log, web_client=client
        )
        self._handler.client.wss_uri = address
        await self._handler.connect_async()
        await self.rooms.go_on()
        return f"{who.get('user')} in {who.get('team')}"

    async def stop(self) -> None:
        """Disconnect. Conversations and trainings stay as they are."""
        await self._handler.close_async()
        await self.rooms.close()


def run_slack(home: Path | None) -> int:
    """Run until Ctrl-C or SIGTERM. Exit code 0, or 1 when it cannot start."""
    try:
        import aiohttp  # noqa: F401 - Socket Mode goes over it
        import slack_bolt  # noqa: F401
    except ImportError:
        print(NEEDS, file=sys.stderr)
        return 1
    try:
        settings = Settings.from_environment(home)
        return asyncio.run(serve(Workspace.open(home), settings))
    except NotStarted as words:
        print(words, file=sys.stderr)
        return 1


async def serve(workspace: Workspace, settings: Settings) -> int:
    """Connect, and serve until SIGINT or SIGTERM. Exit code 0. Raises NotStarted."""
    from agent.models import chat_model

    from .strings import TRAINING_GOES_ON, model_words, printable

    for said in await asyncio.to_thread(recover, workspace):
        print(said)
    bot, stop = Bot(workspace, settings), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    name = await bot.start()
    answers = model_words(chat_model(in_force(workspace.home))[1])
    print(f"Connected to Slack as {printable(name, 120)}. {answers} Ctrl-C ends it.", flush=True)
    await stop.wait()
    await bot.stop()
    print(f"Goodbye. {TRAINING_GOES_ON}")
    return 0


def _refusal(code: str) -> str:
    if code in BAD_TOKEN:
        return f"Slack does not accept the tokens ({code}), so the bot was not started. {WHERE}"
    if code == "missing_scope":
        return f"SLACK_APP_TOKEN lacks the permission connections:write, so the bot was not started. {WHERE}"
    return f"Slack refused the connection ({code}), so the bot was not started. {WHERE}"


class _Discreet(logging.Formatter):
    """Lines without tokens and without the tickets of web sockets."""

    def format(self, record: logging.LogRecord) -> str:
        return _TICKET.sub(rf"\1={HIDDEN}", redact(super().format(record)))


def _logger(workspace: Workspace) -> logging.Logger:
    """The bot's log, and Bolt's: slack.log in the workspace folder, at most about 2 MB, without secrets."""
    logger = logging.getLogger("sidekick.slack")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    file = RotatingFileHandler(
        workspace.home / "slack.log", maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True
    )
    file.setFormatter(_Discreet("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(file)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger
