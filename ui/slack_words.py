"""What the Slack bot says of its own accord."""

GREETING = (
    "Hello. Tell me in plain English what you would like to teach: a character, a face, a style, a motion or an "
    "effect. Then drop your pictures or clips into this thread. I look at them, make a plan, and ask before anything "
    "is trained."
)
HERE_ARE_FILES = "Here are my files."
THINKING = "is thinking …"
FETCHING = "is fetching your files …"
WORKING, WORKED = "Working on it", "What I did"
NO_LONGER_OPEN = "This card is no longer open."
REPLACED = "There is a newer card below."
NOT_YOURS = (
    "This conversation belongs to {owner}, so I answer only them here. Write to me in a message of your own, and I "
    "will start one with you."
)
NOTHING_SAID = "Tell me what you would like to teach, or drop pictures or clips into this thread."
SLACK_FAILED = "Slack did not take my last message. Nothing is lost; ask me again, or look into this thread later."
SAY_AGAIN = "I was restarted while I answered you. Everything up to then is kept. Please say it once more."
TOO_LARGE = "{name} is too large for Slack. It is on the machine that the sidekick runs on: {path}"
NOT_UPLOADED = "I could not upload {name} to Slack ({why}). It is on the machine that the sidekick runs on: {path}"

MOST_LISTED = 20

MOST_PROMPTS = 4  # as many as Slack shows
PROMPTS: dict[str, tuple[tuple[str, str], ...]] = {  # stage: (title, what is said when it is pressed)
    "recipe": (
        ("Teach a character", "I want to teach it my cartoon character."),
        ("Teach a style", "I want to teach it a drawing style."),
        ("Which is right for me?", "What can you teach, and what does each need?"),
        ("What will it cost?", "What does a training cost?"),
    ),
    "dataset": (
        ("Look at my files", "Look at my files."),
        ("Write the captions", "Write the captions."),
        ("How many do I need?", "How many pictures do I need?"),
    ),
    "plan": (
        ("Make a plan", "Make a plan."),
        ("Show the captions", "Show me the captions."),
    ),
    "launch": (
        ("Start the training", "Start the training."),
        ("Why this plan?", "Explain the plan."),
        ("A quicker one", "Make it faster."),
        ("A better one", "Use the quality preset."),
    ),
    "training": (
        ("How is it going?", "How is it going?"),
        ("Stop it", "Stop the training."),
    ),
    "results": (
        ("How good is it?", "Show me the results."),
        ("What should I change?", "What should I change?"),
        ("Try it", "Show me a test clip on a beach."),
        ("How do I use the file?", "How do I use the LoRA in ComfyUI?"),
    ),
}


def prompts_for(stage: str) -> list[dict[str, str]]:
    """The suggestions for this stage, as Slack takes them."""
    return [{"title": title, "message": said} for title, said in PROMPTS.get(stage, PROMPTS["recipe"])[:MOST_PROMPTS]]


def verdict(approved: bool, user: str) -> str:
    """What became of a card, with the one who decided, as Slack shows people."""
    return f"{'Approved' if approved else 'Declined'} by <@{user}>."


def refused_files(lines: list[str]) -> str:
    """Which files could not be taken, and why."""
    listed = "\n".join(f"- {line}" for line in lines[:MOST_LISTED])
    more = f"\n- and {len(lines) - MOST_LISTED} more" if len(lines) > MOST_LISTED else ""
    return f"I could not take {'this file' if len(lines) == 1 else f'{len(lines)} of the files'}:\n{listed}{more}"
