"""What is said without a tool: topics, a word before a tool that takes a while, and why one cannot be used yet."""

from . import studio_answers

LEADS = {
    "audit_dataset": "I'll look at each file.",
    "split_clips": "I'll see how the clips are best split.",
    "write_captions": "I'll write the captions.",
    "make_candidates": "I'll make some candidates.",
    "generate_clip": "I'll make that clip.",
    "propose_plan": "I'll work out a plan.",
    **studio_answers.LEADS,
}


NOT_YET = {
    "change_plan": "There is no plan yet, so there is nothing to change.",
    "undo_plan": "There is no plan yet, so there is nothing to take back.",
    "explain_plan": "There is no plan yet, so I can't explain its values.",
    "launch_training": "There is no plan yet, so there is nothing to launch.",
    "training_status": "Nothing has been trained in this project yet.",
    "cancel_training": "Nothing is training at the moment.",
    "show_scorecard": "Nothing has been trained in this project yet, so there are no results.",
    "diagnose": "Nothing has been trained in this project yet, so I can't say what to change.",
    "generate_clip": "There is no finished LoRA in this project yet, so I can't make clips with it.",
    "audit_dataset": "First I need to know what you want to teach.",
    "make_candidates": "First I need to know what you want to teach.",
    "write_captions": "First I need to know what you want to teach.",
    "propose_plan": "First I need to know what you want to teach.",
    "set_standing_order": "There is nothing yet that I could watch.",
    "list_approvals": "You have approved nothing in this project yet.",
    "revoke_approval": "You have approved nothing in this project yet, so there is nothing to take back.",
    "record_consent": "Consent is only needed for the face recipe.",
    "list_consents": "No consent is recorded in this project; only the face recipe needs one.",
    "withdraw_consent": "No consent is recorded in this project.",
    "score_again": "Nothing has been trained in this project yet, so there is nothing to score.",
    **studio_answers.NOT_YET,
}


COMPLETE = frozenset(("deletes_nothing", "sends_nothing"))  # after these no next step is named


TOPICS = {
    "greet": "Hello! I'm Sidekick. I help you teach a character, face, style, motion or effect to the video model "
    "LTX-2.3: I look at your "
    "files, make a plan, ask before anything starts, train, test the result and say with numbers what to change.",
    "thanks": "You're welcome.",
    "help": "I take you from a folder of pictures or clips to a tested LoRA: we choose a recipe, you hand me the "
    "files, I check and caption "
    "them, I propose a plan that you can change in plain words, and nothing starts before you say yes to its price "
    "and time. "
    "You can also ask me about any setting, symptom, cost or licence.",
    "recommend": "That depends on what you want to teach. An invented or stylised character: character. A real "
    "person's likeness: face. "
    "A look for any subject: style. A way of moving: motion. A transformation: effect.",
    "how_to_add": "Attach the pictures, clips or a whole folder to your message, and I'll take copies; your "
    "originals stay as they are.",
    "nothing_runs": "Nothing is training at the moment.",
    "nothing_ran": "Nothing has been trained in this project yet.",
    "launch_conditional": "I don't act on a condition, a maybe or someone else's word. Tell me plainly.",
    "no_pause": "To pause a training, say “stop”: what it has saved is kept. To go on, say “launch” with the same "
    "plan: it continues from the last checkpoint.",
    "from_the_beginning": "“Launch” goes on with the stopped run from its last checkpoint. To train from the beginning "
    "instead, give the plan another seed, for example “seed 7”, and then say “launch”.",
    "close_window": "Yes. Training runs in its own process and goes on when this window is closed; come back to this "
    "conversation and ask how it went.",
    "how_launch": "Say “launch”: I show you a card with the plan, time and price. Only your clear yes to that card "
    "starts "
    "anything, and you can say no or change the plan first.",
    "no_editing": "I don't change your pictures. I can look for watermarks, logos and text in them: say “are there any "
    "watermarks?”, and then “leave out the ones with text”. Nothing is deleted.",
    "no_card": "No card is open at the moment, so there is nothing to approve.",
    "captions_needed": "Training needs captions: they tie the trigger word to what is seen. I write them from what "
    "I measure, "
    "and you can change any of them.",
    "launch_denied": "All right. Nothing starts before you say yes to the card.",
    "launch_without_plan": "There is no plan yet, so there is nothing to launch.",
    "no_plan": "There is no plan yet, so there is nothing to change.",
    "what_change": "What should change? For example “train 30 % longer”, “rank 64”, “half the learning rate” or "
    "“keep it under five minutes”.",
    "deletes_nothing": "I delete nothing. I work on copies, and your originals stay as they are. The copies, plans and "
    "LoRAs are kept in the workspace on the machine where I run: the folder that SIDEKICK_HOME names, else .sidekick "
    "in the home folder. To delete a project, remove its folder there; to delete everything, remove the workspace. "
    "Files that are only to be left out of the training I set aside: say which.",
    "sends_nothing": "I send nothing to other places. A clip is where I showed it in this conversation: save it from "
    "there and put it where you like. For the LoRA itself say “export the LoRA”: I check the file and pack it for you.",
    "next": "",
    "unclear": "I'm not sure what you mean by that.",
}
