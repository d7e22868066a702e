"""What the launcher says, on stderr."""
import time

from outlets import Screen

SCREEN = Screen(2)


def say(text):
    SCREEN.write(f"launch {time.strftime('%H:%M:%S')}: {text}\n".encode(errors="replace"))
