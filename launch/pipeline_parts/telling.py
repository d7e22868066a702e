"""What is said on stdout, also where nobody reads it."""
import os
import sys


def nobody_reads():
    """Stages go on without a reader of what they say (| head); their logs have it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:
        nobody_reads()
