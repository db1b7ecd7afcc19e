"""What options of these programs may be; what is wrong with a value is told in one line."""

import argparse
import shutil
from pathlib import Path


def number(lowest, highest, kind=float):
    """A number within bounds."""
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"give a number from {lowest} to {highest}, not '{text}'")
        return value
    return parse


def program(text):
    """A program that is there, by its whole path."""
    path = Path(shutil.which(text) or text).absolute()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no program {text}")
    return path
