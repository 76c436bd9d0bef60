"""Waiting for a condition. The tests never sleep for a time and hope."""

import time

POLL_SECONDS = 0.05


def eventually(probe, seconds=30, what=None):
    """The first true result of probe(); AssertionError when none came in time.

    `what` names the condition in the error: a text, or a function that makes one then.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > deadline:
            text = what() if callable(what) else what or probe.__name__
            raise AssertionError(f"not within {seconds} s: {text}")
        time.sleep(POLL_SECONDS)
