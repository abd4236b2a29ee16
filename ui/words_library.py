"""What the library says, in one place."""

EMPTY = "No LoRA here yet. Train one, or hand over a .safetensors file in the conversation and say “add it”."
NO_RUNS = "Nothing was trained in this project yet."
PICK = "LoRA"
PICK_FIRST = "Pick a LoRA first."
GONE = "Its file is gone, or a link stands in its place."
LORAS, RUNS, COMPARE = "LoRAs", "Runs", "Compare two runs"
TRIGGER = "Trigger: write this word in your prompts"
GET_FILE = "Make the file and its card ready"
GET_PACKAGE = "Package for ComfyUI, diffusers and fal"
DOWNLOAD_FILE, DOWNLOAD_CARD, DOWNLOAD_PACKAGE = "Download the file", "Download the card", "Download the package"
CHECK = "Check the file"
ABOUT = "Its card: how it was made, what was measured"
FIRST, SECOND = "This run", "against this one"
TWO_RUNS = "Two scored runs are needed. Score a second one, then compare them here."
SAME_RUN = "Pick two different runs."
NOT_SCORED = "not scored"
FIGURE, DIFFERENCE, SURE = "Figure", "Difference", "Is it more than noise?"
SAME_PLAN = "The plans are the same."
PLANNED = "Planned differently: {changes}."
OTHER_PROJECT = "from your project {name}"
STATES = {
    "succeeded": "trained",
    "failed": "failed",
    "cancelled": "stopped",
    "running": "training",
    "queued": "waiting",
    "not started": "not started",
}
