"""The commands that the documentation quotes, so that the tests run them word for word."""

import re

from .daemon import REPOSITORY


def commands(page, name):
    """The fenced block below `<!-- test: NAME -->` in docs/PAGE."""
    text = (REPOSITORY / "docs" / page).read_text()
    found = re.findall(rf"<!-- test: {re.escape(name)} -->\n```\w*\n(.*?)\n```", text, re.DOTALL)
    if len(found) != 1:
        raise AssertionError(f"docs/{page} has {len(found)} blocks '{name}', not one")
    return found[0]
