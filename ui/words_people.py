"""The words of signing in, of being refused at the door, and of the part of the window about people."""

TITLE = "Sidekick"
SIGN_IN = "Sign in"
NAME, PASSWORD = "Name", "Password"
WRONG = "That name and password do not fit together. Nothing was changed."
TOO_OFTEN = "Too many wrong passwords. Please wait {wait} and try again."
FORGOTTEN = "Forgotten it? Whoever runs this Sidekick can give you a new one."
NO_SESSION = "Please sign in first."
NOT_FROM_HERE = "This request came from another page, so nothing was done. Open Sidekick's own address in your browser."
ODD_HOST = (
    "This window is only for the machine that it runs on: open it as http://127.0.0.1 or http://localhost. To let "
    "others in, see docs/people.md."
)
NO_PROXY = (
    "This window can only be reached through the sign-in of the server in front of it. If you are there already, that "
    "server did not say who you are."
)
NOT_YOURS = "This file belongs to a project that you do not see, or is not there (any more)."
TOO_LARGE = "This request is too large. Nothing was done."
ODD_REQUEST = "This request makes no sense. Nothing was done."
NOT_YOUR_PAGE = "This page belongs to somebody else's sign-in. Please reload it."

ONLY_YOU = "Only you use this window, from this machine. To let others in: `sidekick people add NAME`."
SIGNED_IN_AS = "You are signed in as **{name}**."
PROJECTS = "Your projects"
OPEN = "Open"
PICK_PROJECT = "Choose a project first."
SHARE = "Share this project"
SHARE_NOTE = (
    "You get a code. Give it to one person whom you trust with this project: whoever enters it first is in. They need "
    "a name of their own here."
)
ROLE = "What they may do"
ROLES = (("Look, and change nothing", "look"), ("Change and launch", "change"))
INVITE = "Make a code"
MEMBERS = "Who is in this project"
WAITING = "A code that waits"
REMOVE = "Take out"
PICK_MEMBER = "Choose a person or a code first."
JOIN = "Come into another person's project"
CODE = "The code they gave you"
JOIN_IT = "Come in"
CODE_FIRST = "Enter the code first."
LEAVE = "Sign out"
