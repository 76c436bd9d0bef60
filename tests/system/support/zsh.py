"""What an interactive zsh makes of a line when Tab is pressed: it completes on a terminal only."""

import os
import pty
import re
import select
import subprocess
import tempfile
import time

# Ctrl-X shows the line; the quotes keep what is typed here apart from what it prints.
SETUP = """
PS1=; unset zle_bracketed_paste; setopt no_auto_list no_auto_menu no_beep
autoload -Uz compinit && compinit -u -D; source {script}
show() {{ zle -I; print -r -- "<""<$BUFFER>"">"; BUFFER= }}; zle -N show; bindkey '^X' show
print REA''DY
"""


def complete(script, lines):
    """The lines as Tab leaves them, in a zsh that has loaded the completion script."""
    master, slave = pty.openpty()
    with tempfile.NamedTemporaryFile("w", suffix=".zsh") as file:
        file.write(script)
        file.flush()
        with subprocess.Popen(["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave,
                              start_new_session=True,
                              env={**os.environ, "TERM": "dumb"}) as shell:
            os.close(slave)
            try:
                os.write(master, SETUP.format(script=file.name).encode())
                _read(master, r"READY")
                completed = []
                for line in lines:
                    os.write(master, line.encode() + b"\t\x18")
                    completed.append(_read(master, r"<<(.*?)>>").group(1))
                return completed
            finally:
                shell.kill()
                os.close(master)


def _read(terminal, pattern, seconds=30):
    text, end = "", time.monotonic() + seconds
    while not (found := re.search(pattern, text)):
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise TimeoutError(f"zsh shows no {pattern} but {text!r}")
        text += os.read(terminal, 65536).decode(errors="replace")
    return found
