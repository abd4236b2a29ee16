"""Everyday words and the words that the articles use for them. Questions and articles are read through one table."""

# Our words on the left, what people type on the right. Only words that are rarely meant otherwise in this field.
_TABLE = """
image: photo photograph pic picture still jpg jpeg png selfie snapshot photography heic sketch sketches drawing drawings
video clip: footage movie vid film reel
view: angle perspective
view back: rear behind backside
view side: profile sideways
turn: rotate spin
learning rate: lr
gpu: cuda nvidia rtx geforce card amd
gpu memory: vram
memory: ram
cpu laptop: notebook macbook pc
out of memory: oom outofmemoryerror outofmemory
color: colour hue tint
cost: price pricing money expensive cheap fee pay charge billing bill dollar euro budget
time minutes hours: duration overnight night day eta
comfyui: comfy
licence: license terms
overfit: overtrain overtrained overfitting overcook overcooked
overfit copy: reproduce memorise memorize memorised memorized memorising memorizing
underfit: underfitting undertrained undertrain
blur: blurry fuzzy unfocused unsharp focus
trigger word: token keyword
steps: epoch iteration iterations
wall background: wall
background: backdrop surroundings
background room: couch furniture kitchen bedroom sofa street office garden
evaluation test: eval evaluate
validation: val
image to video first frame: i2v img2vid animate
text to video: t2v
video to video ic-lora: v2v vid2vid
checkpoint: ckpt
small: tiny little
whole: entire complete total
bad: poor terrible awful ugly horrible
start overview: begin new beginner newbie
start: begin
same: identical
copy: clone
clothes: outfit clothing costume jacket dress shirt coat uniform
hair: beard haircut
commercial: profit revenue monetize monetise
commercial company: business employer startup
sell commercial: sell earn
consent person: celebrity boss colleague neighbour neighbor girlfriend boyfriend wife husband
consent person: actress politician joke prank
consent child: child kid daughter son minor
person: guy dude lady man woman human people somebody someone
another person: stranger
several people crowd: crowd siblings sibling twins duo couple group brother sister
static: frozen motionless statue freeze statues unmoving
flip mirror: flipped flip flipping
mirror: mirrored
black: blackness
no effect: influence
quality: best perfect
gb: gib gigabyte gigabytes
portrait widescreen: tiktok vertical reels youtube
light: lighting noon sunlight lamp daylight sun
duplicates: dupes dupe copies
logo watermark: logo emblem
share publish: civitai huggingface hub
internet upload: internet online cloud server
malicious pickle: virus malware trojan hack
explain scorecard: report
change setting: tweak adjust knob fiddle
crash resume: sleep shutdown reboot blackout outage
abort stop: abort halt quit
explode transform: explode explosion confetti burn
hero character: hero heroine protagonist mascot
character: figure creature oc
gray: grey
language model: llm gpt chatgpt claude llama ollama vllm brain
sound: audio voice speech music
caption: description tag
leave out: omit omission skip skipped ignore ignored
random: randomly
""".strip()


def _read(table: str) -> dict[str, str]:
    pairs = (line.split(": ") for line in table.splitlines())
    return {word: ours for ours, theirs in pairs for word in theirs.split()}


SYNONYMS = _read(_TABLE)
