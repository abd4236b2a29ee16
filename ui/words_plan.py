"""What the plan panel says, in one place."""

NO_PLAN = "There is no plan yet. It is made from your files and their captions: how many there are decides its length."
OTHER_VERSION = "This plan was made by another version of Sidekick and cannot be shown. Ask for a new one."
PROPOSE, AGAIN = "Make a plan", "Go back to the recommendation"
UNDO = "Undo"
STALE = "Your files or captions have changed since this plan was made."
REFRESH = "Bring the plan up to date"
AS_ADVISED = "This is what the sidekick recommends for your files."
DIFFERS = "Chosen otherwise than recommended:"
LAUNCH = "On to the launch"
ANSWER = "What the last change did"
WHY = "Why?"
WORKING = "One moment, I am looking …"
NOTHING_TO_EXPLAIN = "There is nothing to explain before there is a plan."
MORE = "More settings"
SAID = "Everything else can be changed in words: tell the sidekick."
PRESET, PRESET_INFO = "How thorough", "Sets the number of steps anew."
PRESETS = {
    "fast": "Fast: a first look",
    "standard": "Standard: recommended",
    "quality": "Quality: the closest likeness",
}
BASE, BASE_INFO = "Trained on", "Changing it starts again from that model's own values."
BASES = {"mini": "mini, the practice model on this machine", "ltx-2.3": "LTX-2.3 (22B), needs a large graphics card"}
COSTS = "Time, price and memory"
HERE, RENTED = "This machine", "Rented (fal)"
NOT_YET = "Sidekick cannot launch there yet; the figures are for comparison."
MINI_ONLY_HERE = "mini is trained on this machine only."
MEMORY_ASKED, MEMORY_THEIRS = "see below", "the provider's matter"
MEMORY = "Work out the memory"
COLUMNS = ("Where", "Time", "Price", "Memory")
NO_CLIPS = "Only for clips, and there are none in your files."
UNCHANGED = ""  # nothing was changed, and nothing needs to be said
NO_VALUE = "That is no value that I can use. The plan is as it was."

# label, and what it means in plain words
CONTROLS = {
    "steps": ("How long it learns (steps)", "Too few and the likeness stays vague; too many and it copies your files."),
    "rank": ("How much it can hold (rank)", "More holds finer detail, makes a larger file and copies sooner."),
    "learning_rate": ("How fast it learns (learning rate)", "Faster needs fewer steps, but pictures can burn."),
    "frames": ("Length of each clip (frames)", "Longer movements take more time and memory."),
    "width": ("Width (pixels)", "More pixels show more detail and take longer."),
    "height": ("Height (pixels)", "More pixels show more detail and take longer."),
    "batch_size": ("Files at once (batch size)", "More is calmer and needs more memory."),
    "gradient_accumulation": ("Batches for each step", "Calms learning like more files at once, without more memory."),
    "held_out_share": ("Files kept for checking (%)", "They are not learned, so they show when it starts to copy."),
    "class_preservation": ("Protect what it knew before (%)", "Keeps your subject from showing up uncalled."),
    "caption_dropout": ("Learn without captions (%)", "A little lets it work without the trigger word."),
    "first_frame_probability": ("Practise from a first picture (%)", "For bringing a given picture to life."),
    "memory": ("How the model is held in memory", "Less memory is slower and less exact."),
    "ema_decay": ("Average over the last steps", "Smooths the result; its gain was not measured here."),
    "gradient_checkpointing": ("Save memory by computing twice", "A step takes about 1.4 times as long."),
    "keep_aspect": ("Keep each file's proportions", "Otherwise files are cut to the size above."),
    "with_audio": ("Learn the clips' sound", "Voices and noises are learned together with the pictures."),
}
RATES = {0.25: "a quarter of the recommended", 0.5: "half of it", 1.0: "recommended", 2.0: "twice", 4.0: "four times"}
RATE_AS_IS = "as chosen"
AVERAGES = {0.0: "off", 0.99: "about 100 steps", 0.999: "about 1,000 steps"}
TIERS = {"full": "whole: the most exact", "int8": "8 bits", "int4": "4 bits", "offload": "4 bits, parts set aside"}
