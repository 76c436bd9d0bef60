"""The commands that the docs show, for the tests to run word for word."""

import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"


def commands(page, name):
    """The fenced block of docs/<page> that stands below `<!-- test: NAME -->`."""
    text = (DOCS / page).read_text()
    found = re.findall(rf"^<!-- test: {re.escape(name)} -->\n```\w*\n(.*?)^```$", text,
                       re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise AssertionError(f"docs/{page} has {len(found)} blocks for the test {name}")
    return found[0]
