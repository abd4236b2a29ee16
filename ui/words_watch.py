"""What the last step says: launching, watching, standing orders and results, in one place."""

LAUNCH, GO_ON = "Launch", "Go on from step {step}"
HOW, CANCEL = "How is it going?", "Cancel the training"
ASKS = "First a card with time and price opens in the conversation; only your yes there starts it."
BY_ITSELF = "The training runs by itself: you can close the browser and come back."
NO_PLAN = "First comes a plan: see step 3."
STALE = "Your files or captions have changed since the plan was made. Bring the plan up to date in step 3, then launch."
ANSWER = "What the sidekick said"
NOTHING = "Nothing has been trained in this project yet. Progress, curves and the log appear here."
PHASES = {"preparing": "Preparing", "training": "Training", "scoring": "Scoring", "finished": "Finished"}
WAITING, PREPARING = "Waiting to start", "Reading your files once"
READ = "Your files are read; now the model is loaded and tries a step."
FAILED, CANCELLED = "It failed", "Cancelled"
STEP, LEFT, LOSS, PACE, MEMORY = "Step", "Time left", "Loss", "A step takes", "Memory in use"
CHECKED = "Validation loss"
CURVES = "Loss by step"
CURVES_HINT = (
    "Both should fall. When the validation loss (on files that were kept aside) turns up while the training loss still "
    "falls, it has begun to copy your files."
)
SERIES_TRAINING, SERIES_VALIDATION = "training", "validation"
AXIS_STEP, AXIS_LOSS, AXIS_WHICH = "step", "loss (lower is better)", "measured on"
LOG, TECHNICAL = "What happened", "Technical log"
NO_LOG = "Nothing has happened yet."
ORDERS, NO_ORDERS = "Standing orders", "None stands. They hold with every window closed."
TAKE_BACK = "Take back"
HALF_TIME, OVERFIT, TROUBLE = "Tell me at half time", "Stop if it starts to overfit", "Tell me if something goes wrong"
BUDGET, NO_BUDGET = "Budget", "No limit is set. Training on this machine costs nothing."
NO_SUCH_ORDER = "That order is not in the list any more."
SAMPLES, SAMPLE = "Test clips", "Test clip"
SAMPLES_HINT = "Shown as they are made: a few while it trains, the rest while it is scored. Point at one to play it."
AFTER_STEPS = "after {steps} steps"
SHOWS = {
    "first": "a first look",
    "seen": "in words of your captions",
    "new": "a new scene",
    "view": "from another side",
    "leak": "without the trigger word",
}
SHEET = "Contact sheet"
DOWNLOAD, REPORT = "Download the LoRA", "Get the report"
NOTIFY, NOTIFY_ON, NOTIFY_OFF = (
    "Notify me when it is done",
    "This browser will notify you when it is done.",
    "This browser does not allow notifications here; the chat tells you all the same.",
)
TITLE_DONE, TITLE_FAILED = "Done", "Stopped"
EVENTS = {
    "queued": "Waits to start",
    "running": "Started",
    "encoding": "Reading the files once",
    "training": "Training begins",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
SAVED, VALIDATED = "Saved at step {step}", "Validation loss {loss:.4f} at step {step}"
SAMPLED = "Test clip made after {step} steps"
PROPOSED = "Proposed a change of the plan"
