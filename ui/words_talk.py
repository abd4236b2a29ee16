"""What the sidekick's side of the window offers and says, in one place."""

CHAT, BOX = "Conversation with the sidekick", "Your message"
PLACEHOLDER = "Say what you want to teach, or add your pictures and clips"
YES, NO, STOP = "Yes", "No", "Stop"
NOT_AGAIN = "That cannot be said again from there. Write it as a new message."
NOTHING_TO_STOP = "Nothing is under way."
WORK, SIDEKICK, ASKS, WORKS = "Work", "Sidekick", "needs your yes", "is at work"
BAR = "Which side to show"
STATE, STATE_NOW, OPEN_STEP = "Where the project stands", "now", "open this step"

# What fits the moment, the likeliest first. The sidekick's built-in model knows each of these sentences.
MOMENTS: dict[str, tuple[str, ...]] = {
    "recipe": ("I want to teach it my cartoon cat", "Which recipes are there?", "What can you do?"),
    "no files": ("What can you do?", "Which recipes are there?"),
    "not taken in": ("Add my files", "What can you do?"),
    "not looked at": ("Look at my files",),
    "no captions": ("Write the captions", "What should I add?", "Look at my files"),
    "plan": ("Make a plan", "Show me the captions"),
    "launch": ("How long will it take?", "Explain the plan", "Launch it"),
    "card": ("How long will it take?", "Explain the plan"),
    "training": ("How is it going?", "Tell me at half time", "Stop if it starts to overfit"),
    "results": ("How did it turn out?", "What should I change?", "Export it"),
}
