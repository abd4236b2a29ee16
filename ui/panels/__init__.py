"""The parts of the window beside the conversation, one file each."""
