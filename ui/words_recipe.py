"""What the recipe panel says, in one place."""

HELP, HELP_ASKED = "Help me choose", "Help me choose: which recipe fits what I want?"
NOUN, NOUN_HINT = "What is it? One or two words", "cat, robot, ..."
NOTHING = "Nothing is chosen yet. Pick a card, or tell the sidekick what you want."
CHOSEN = (
    "You teach {recipe} ({noun}). The trigger word is **{trigger}**: the word that will call it in prompts. Next come "
    "your files."
)
GOOD_FOR, NEEDS = "Good for", "Needs"
TEACH = "Teach {recipe}"
ON = "On to the files"
