"""What can be asked for, in words that can be said as they are, and the words that lead there."""

from collections.abc import Callable
from typing import NamedTuple

from .reading import Facts


class Offer(NamedTuple):
    """Something to say, when it makes sense, and words that people use who may want it."""

    say: str
    when: Callable[[Facts], bool]
    words: str


def _always(_facts: Facts) -> bool:
    return True


def _no_recipe(facts: Facts) -> bool:
    return not facts.get("recipe")


def _files(facts: Facts) -> bool:
    return bool(facts.get("images") or facts.get("clips"))


def _audited(facts: Facts) -> bool:
    return _files(facts) and bool(facts.get("verdict"))


def _clips(facts: Facts) -> bool:
    return bool(facts.get("clips"))


def _plan(facts: Facts) -> bool:
    return bool(facts.get("plan"))


def _ready(facts: Facts) -> bool:
    return _plan(facts) and facts.get("stage") in ("launch", "results")


def _captioned(facts: Facts) -> bool:
    return _files(facts) and not facts.get("without_caption") and bool(facts.get("recipe"))


def _training(facts: Facts) -> bool:
    return facts.get("stage") == "training"


def _scored(facts: Facts) -> bool:
    return bool((facts.get("run") or {}).get("scorecard"))


def _lora(facts: Facts) -> bool:
    return bool(facts.get("lora") or facts.get("loras"))


def _loras(facts: Facts) -> bool:
    return len(facts.get("loras") or []) > 1


def _face(facts: Facts) -> bool:
    return facts.get("recipe") == "face"


OFFERS = (
    Offer("I want to teach my cat mascot", _no_recipe, "character mascot cartoon hero figure animal drawing "
                                                       "invented pet toy"),
    Offer("I want clips of a real person, who agreed", _no_recipe, "face person me myself wife friend likeness human"),
    Offer("I want the look of my paintings", _no_recipe, "style look paint art film colour aesthetic draw"),
    Offer("teach it a dance move", _no_recipe, "motion move dance walk gesture camera sport jump"),
    Offer("an effect where things melt", _no_recipe, "effect transform turn explode magic melt change"),
    Offer("which recipes are there?", _always, "recipe kind type options list possible can do"),
    Offer("check my files", _files, "check look files pictures photos good bad quality enough missing sharp angles "
                                    "views audit problem wrong"),
    Offer("are there any watermarks?", _files, "watermark text logo subtitle words letters writing sign remove "
                                               "retouch erase edit crop"),
    Offer("leave out the ones you flagged", _audited, "leave out remove delete drop exclude bad blurry duplicates "
                                                      "flagged without throw sort"),
    Offer("bring back a.png", _audited, "back include again restore file excluded"),
    Offer("what would splitting my clips give?", _clips, "split cut clip long short pieces scene video trim"),
    Offer("make side views of it", _audited, "make generate views side back angle candidates pictures more missing "
                                             "synthetic"),
    Offer("write the captions", _files, "caption describe text label words tag write"),
    Offer("show me the captions", _captioned, "caption show read list words"),
    Offer("the caption of a.png should be: a cat asleep", _captioned, "caption change edit correct wrong other "
                                                                      "rewrite"),
    Offer("make a plan", _captioned, "plan propose training settings new fresh start prepare"),
    Offer("train 30 % longer", _plan, "longer more training steps extend time shorter less change adjust"),
    Offer("keep it under five minutes", _plan, "time minutes hours fast quick limit under maximum deadline"),
    Offer("keep it under 5 dollars", _plan, "price cost dollars money cheap limit expensive credits euros budget"),
    Offer("rank 64", _plan, "rank size detail bigger smaller capacity file"),
    Offer("half the learning rate", _plan, "learning rate lr careful slower gentle speed"),
    Offer("use the quality preset", _plan, "quality preset best better fast standard settings good"),
    Offer("512x512", _plan, "resolution size pixels width height bigger sharper hd"),
    Offer("train with sound", _plan, "sound audio voice music silent"),
    Offer("use 8 bit", _plan, "memory vram gpu fit small card bit"),
    Offer("what if I use rank 64?", _plan, "what if would compare difference try happens"),
    Offer("why so many steps?", _plan, "why explain reason many steps value mean understand because"),
    Offer("how long will it take?", _plan, "how long time take when finished ready duration"),
    Offer("what does it cost?", _plan, "cost price pay free charge money"),
    Offer("undo that", _plan, "undo back revert before previous mistake wrong restore"),
    Offer("launch", _ready, "launch start begin go train run execute"),
    Offer("how far is it?", _training, "how far progress status going long left step done finished"),
    Offer("stop", _training, "stop cancel abort end pause kill halt"),
    Offer("stop if it starts to overfit", _training, "stop when if overfit watch automatically loss validation alarm"),
    Offer("tell me at half time", _training, "tell notify ping when message remind finished done mail"),
    Offer("what orders are standing?", _training, "orders standing watch reminders which list"),
    Offer("show me the scores", _scored, "score result good how well figures numbers rating grade quality worked"),
    Offer("what would you change?", _scored, "change improve better wrong next fix advice help suggestion different"),
    Offer("apply it", _scored, "apply do suggestion fix change take accept"),
    Offer("show me the report", _scored, "report page evidence proof details open"),
    Offer("score it again", _scored, "score again repeat evaluate measure anew"),
    Offer("where is my file?", _lora, "file download where lora save safetensors export get comfyui use"),
    Offer("show me a clip of it walking on a beach", _lora, "clip video show make generate scene picture see "
                                                            "example test try film"),
    Offer("compare it with the base: walking in a forest", _lora, "compare base side difference before after "
                                                                  "without versus"),
    Offer("do the two get along?", _loras, "together combine stack mix both conflict compatible"),
    Offer("merge the two", _loras, "merge combine one file join single both"),
    Offer("which LoRAs do I have?", _lora, "loras list which have available mine"),
    Offer("is my LoRA ok?", _lora, "check verify ok damaged broken safe valid lora file"),
    Offer("is LTX-2.3 installed?", _always, "ltx model base installed download real big gpu machine"),
    Offer("what have I approved?", _plan, "approve approval yes allowed card permission agreed"),
    Offer("how much of my budget is left?", _plan, "budget left spent money limit spend remaining cap"),
    Offer("it is me and I agree", _face, "consent permission agree person allowed face release signed"),
    Offer("what is overfitting?", _always, "what mean explain overfitting word term lora learn"),
)  # fmt: skip
