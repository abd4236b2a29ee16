"""What the settings say to a person: in the window's tab and in `sidekick settings`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A setting by its short name, for the command, and in words, for both."""

    short: str
    title: str
    about: str


SETTINGS = {
    "OPENAI_BASE_URL": Named(
        "address", "Address of the server", "Any OpenAI-compatible server: OpenAI, Ollama, vLLM, llama.cpp."
    ),
    "SIDEKICK_MODEL": Named("model", "Model", "As its server calls it. It must be able to call tools."),
    "OPENAI_API_KEY": Named("key", "Key", "Sent to this address and to no other. Servers of your own often need none."),
    "SIDEKICK_VISION_MODEL": Named(
        "vision-model", "Model that looks at pictures", "A name here is your permission to send it pictures of the set."
    ),
    "SIDEKICK_EMBEDDING_MODEL": Named(
        "embedding-model",
        "Model that finds articles",
        "A name here is your permission to send it your questions; “built-in” keeps them here.",
    ),
    "SIDEKICK_DAILY_TOKENS": Named(
        "daily-tokens",
        "Most tokens in a day",
        "For everybody who uses this workspace together. A day ends at midnight UTC.",
    ),
    "SIDEKICK_MESSAGE_TOKENS": Named(
        "message-tokens", "Most tokens for one message", "250,000 without a number here; a full answer takes a tenth."
    ),
    "SIDEKICK_MODEL_SECONDS": Named(
        "model-seconds", "Longest wait for an answer, in seconds", "300 without a number here."
    ),
    "SLACK_BOT_TOKEN": Named("slack-bot-token", "Bot token", "It begins with xoxb-"),
    "SLACK_APP_TOKEN": Named("slack-app-token", "App token", "It begins with xapp-"),
}
SHORT = {named.short: name for name, named in SETTINGS.items()}

SAVED = "Saved."
FORGOTTEN = "Forgotten."
NOT_SET = "not set"
BY_ENVIRONMENT = "The environment variable {name} says so and wins over what is saved here."
NOT_ON_THE_LINE = (
    "A key does not belong on the command line, where others on this machine can read it. Leave it out: you are then "
    "asked for it, and it is not shown. Nothing was changed."
)


def secret_words(set_at: str, ends: str, address: str) -> str:
    """'set on 21 Nov 2026 for api.openai.com, ends in …x4'."""
    ending = f", ends in …{ends}" if ends else ""
    return f"set on {set_at} for {address}{ending}"


USUAL_MODEL = "gpt-4.1-mini"
TAB = "Settings"
MAY_NOT = "The language model, keys and limits are in the hands of whoever runs this workspace."
WHO = "Who answers"
GUIDED = (
    "The **built-in guided model** answers. It needs no key, and nothing leaves this machine. A language model would "
    "add free conversation in any words and many languages. Your yes and the limits stay the same."
)
ANSWERS = "**{model}** at **{host}** answers. What you say, and what the tools find in your files, is sent there."
SAVE, TRY, TRYING = "Save", "Try it", "Asking once, this takes a moment ..."
FORGET_KEY, GUIDED_AGAIN = "Forget the key", "Back to the guided model"
KEY_KEPT = "A key is kept. Type a new one to replace it."
NO_KEY = "No key is kept."
MORE, MORE_NOTE = (
    "Models for pictures and articles",
    "Both are asked at the address above. Another address forgets them.",
)
LIMITS = "Limits of the language model"
TOKENS_TODAY = "The language model has used {used} tokens today."
BUDGET = "Budget"
BUDGET_NOTE = "The most that may be spent in all, in US dollars. Nothing starts that could go beyond. Empty: no limit."
NO_BUDGET = "No limit is set. Training on this machine costs nothing."
YOURS, PROJECTS = "Your limit", "Limit of this project"
PLACES = "Where training runs"
PLACES_NOTE = (
    "On the machine that Sidekick runs on. Other places, such as a Ray cluster or fal.ai, are not in this version: "
    "nothing is sent there."
)
LOOK, LOOKING = "Look what this machine can do", "Looking; a small real job is run, which takes some seconds ..."
MARKS = {"ok": "ok", "absent": "not here", "problem": "problem"}
NEWS = "Notifications"
SLACK = "Slack"
SLACK_NOTE = (
    "With both tokens kept here, `sidekick slack` connects; it has to run for that, and takes new tokens when it is "
    "started again. Sidekick speaks only in threads where somebody has spoken to it, and tells there how a training "
    "goes and ends. docs/slack.md shows how to get the tokens."
)
NO_SLACK = "The package for Slack is not installed: pip install 'lora-sidekick[slack]'"
FORGET_TOKENS = "Forget the tokens"
PROGRAMS = "Other programs"
PROGRAMS_NOTE = (
    "Claude Desktop, editors and others can use Sidekick's tools through `sidekick mcp`; docs/mcp.md shows how to add "
    "it. They can start nothing that needs your yes."
)
BROWSER = "This browser"
BROWSER_WORDS = {
    "ask": "It does not notify you yet.",
    "on": "It notifies you when a training ends while this page is open.",
    "off": "Notifications are turned off here.",
    "denied": "It does not allow notifications from this page. Its own settings can change that.",
    "none": "It cannot show notifications.",
    "allow": "Notify me in this browser",
    "stop": "Turn off",
    "test": "Show one now",
    "sample": "This is what it looks like.",
}
NOT_A_NUMBER = "A limit is an amount in dollars, such as 20. It was not changed."
AS_IT_WAS = "Nothing was changed: both limits are as they were."
NO_LIMIT_NOW = "Taken away. I still ask before anything is spent."
