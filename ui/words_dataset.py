"""What the dataset panel says, in one place."""

EMPTY = "No files yet. Add pictures and clips above; the originals on your computer stay as they are."
NOT_LOOKED_AT = "Not looked at since the files changed. “Look at my files” measures each one and says what is missing."
NO_RECIPE = "First choose in step 1 what to teach: what makes a good set depends on it."
NOTHING_FOUND = "Nothing was found."
SELECT_FIRST = "Pick a file in the gallery first."
NO_CAPTION_TEXT = "Write a caption first: what is seen, in a few words."
NOTHING_TO_FIND = "Which words shall I look for? Fill in “Find”."
NO_PIECES = "This file needs no splitting."
NONE_IN_FILTER = "No file is like that."
NO_CAPTION = "no caption"
NO_TRIGGER = "no trigger word"
TRIGGER_MISSING = "The trigger word {trigger} is missing. Saving puts it in front."
TRIGGER_THERE = "The trigger word is marked."
ALL_CAPTIONED = "All captions are there: look at them below. The next step is the plan."
GO_ON = "Go on to the plan"
SHOW_ALL, BETTER_OUT, ASIDE, UNCAPTIONED, UNTRIGGERED, REFUSED = "all", "out", "aside", "bare", "untriggered", "refused"
FILTERS = {
    SHOW_ALL: "All",
    BETTER_OUT: "Better left out",
    UNCAPTIONED: "No caption",
    UNTRIGGERED: "No trigger word",
    ASIDE: "Set aside",
    REFUSED: "Not taken",
}
LEVELS = {"blocked": "stops training", "warn": "better change it", "note": "good to know"}
SOURCES = {
    "none": "no caption yet",
    "file": "came with the file",
    "measured": "written from what was measured",
    "model": "written by the vision model",
    "person": "written by you",
}
DROP_TITLE = "Drag pictures, clips and folders here"
DROP_HINT = "JPG, PNG, WebP, MP4 and MOV. A text file of the same name becomes the caption."
CHOOSE_FILES, CHOOSE_FOLDER = "Choose files", "Choose a folder"
ADD_FIRST = "These files did not arrive as they should. Please add them again."
WAITING = "{files} arrived and wait to be taken in."
TAKE_IN = "Take them in"
LOOK, CAPTION, UNDO = "Look at my files", "Write captions", "Undo"
LEAVE_OUT, TAKE_BACK = "Set aside", "Use it again"
ADVISED = "Set aside as advised"
FINDING_ASIDE = "Set these aside"
SAVE, BEFORE, NEXT = "Save the caption", "Previous", "Next"
SPLIT = "Split into {count} pieces"
WHOLE = "Make it whole again"
FIND, REPLACE_BY = "Find", "Replace by"
WHOLE_WORDS = "Whole words only"
COUNT, REPLACE = "How many?", "Replace in all captions"
STALE_PICTURES = "Drawn when the files were last looked at."
REPLACE_TITLE = "Find and replace in captions"
CAPTION_LABEL = "Caption: what is seen besides the subject"
CHARTS = "How varied the set is"
STILL_BARE = "{files} still need a caption with the trigger word."
TRY_AGAIN = "Try again"
COMING_IN = "Files that are coming in"
