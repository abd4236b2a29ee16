"""Asking about many files, some at once: answers as they come, an end when it is no use to go on, and when stopped."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from .endpoint import Stop, VisionModel, VisionModelFailed

AT_ONCE_LOCAL, AT_ONCE_REMOTE = 1, 4  # requests; a server on one computer answers one after the other anyway
GIVE_UP = 5  # files in a row without an answer

File = TypeVar("File")
Answer = TypeVar("Answer")


def answers(
    model: VisionModel, files: Iterator[File], ask_about: Callable[[File], Answer], stop: Stop
) -> Iterator[tuple[File, Answer | VisionModelFailed]]:
    """Each file with what `ask_about` gave for it, or why it failed; files are taken as they are needed.

    After GIVE_UP failures in a row, or a lasting one, no more are taken; `stop` ends it within a second. Raises what
    `ask_about` raises besides VisionModelFailed.

    A request that hangs cannot be ended from outside, so it is left to a thread of its own that nobody waits for.
    """
    done: queue.Queue[tuple[File, Answer | Exception]] = queue.Queue()
    at_once = AT_ONCE_LOCAL if model.local else AT_ONCE_REMOTE
    asking, in_a_row, more = 0, 0, True

    def one(file: File) -> None:
        try:
            done.put((file, ask_about(file)))
        except Exception as error:  # told to the thread that waits, which raises what it does not know
            done.put((file, error))

    while not stop():
        while more and asking < at_once:
            try:
                following = next(files)
            except StopIteration:
                more = False
                break
            threading.Thread(target=one, args=(following,), daemon=True).start()
            asking += 1
        if not asking:
            return
        try:
            file, answer = done.get(timeout=0.1)
        except queue.Empty:
            continue
        asking -= 1
        if isinstance(answer, VisionModelFailed):
            in_a_row += 1
            more = more and in_a_row < GIVE_UP and not answer.lasting
        elif isinstance(answer, Exception):
            raise answer
        else:
            in_a_row = 0
        yield file, answer
