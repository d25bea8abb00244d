"""The inventory of frames that an option names."""

from pathlib import Path
from typing import Annotated

import typer

from ..corpus.frame_files import read_inventory
from ..corpus.plural import counted
from ..schemes.inventory import FrameInventory
from .console import warn

FRAMES_HELP = "Inventory of frames: folder with PropBank's frame files, or a JSON file"

FramesOption = Annotated[Path | None, typer.Option("--frames", help=FRAMES_HELP)]


def load_frames(path: Path) -> FrameInventory:
    """Read an inventory of frames, and warn of what was left out of it.

    path (Path): A folder of PropBank's frame files, or a JSON file.

    RAISES: FormatError, OSError: It cannot be read.
    """
    found = read_inventory(path)
    if found.left_out:
        what = counted(len(found.left_out), "<thing was|things were>")
        warn(f"{path}: {what} left out: {found.left_out[0]}")
        for problem in found.left_out[1:]:
            warn(str(problem))
    return found.frames
