"""What a user may say about a run, and whether it will do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..corpus.errors import FormatError
from ..errors import OneOf, Whole, check_settings, settings_error
from ..records import LAYERS, Layer
from .batches import PART_CHARS
from .manifest import FolderError
from .outputs import OUTPUTS

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Settings:
    """What a user may say about a run.

    file_format (str | None): A name of `OUTPUTS`; None to go by the output's name, or JSONL.
    layers (tuple[Layer, ...]): Those to write; () for all that the pipeline annotates.
    confidences (bool): Write them, too.
    input_format (str | None): One of `KINDS`; None to go by the names of files.
    text_key (str): The key or column that holds the text.
    sent_starts (bool): Take the sentence boundaries of `.spacy` files, besides their words.
    part_chars (int): A part of the output ends after so many characters of input.
    engine (str): One of `ENGINES`.
    workers (int): Processes with a pipeline each; 0: one in this process, or with Ray as many as
        fit the cluster.
    cores (int): CPU cores of each worker; 0: the machine's, divided by the workers; with Ray 1.
    address (str | None): Of a Ray cluster; None for this machine.
    gpu (int): Number of the GPU, or -1 for the CPU; with Ray, 0 or more gives each worker a GPU.
    fail_fast (bool): Stop at the first Doc that fails.
    overwrite (bool): Begin anew in the folder of another run.
    """

    file_format: str | None = None
    layers: tuple[Layer, ...] = ()
    confidences: bool = True
    input_format: str | None = None
    text_key: str = "text"
    sent_starts: bool = True
    part_chars: int = PART_CHARS
    engine: str = "local"
    workers: int = 0
    cores: int = 0
    address: str | None = None
    gpu: int = -1
    fail_fast: bool = False
    overwrite: bool = False


def check(settings: Settings) -> None:
    """Check what a user says.

    RAISES: ConfigValidationError (a ValueError): A value that is not allowed.
    """
    check_settings(
        "annotate:",
        part_chars=(settings.part_chars, Whole(1)),
        workers=(settings.workers, Whole(0)),
        cores=(settings.cores, Whole(0)),
        engine=(settings.engine, OneOf(ENGINES)),
    )
    if settings.file_format is not None:
        check_settings("annotate:", format=(settings.file_format, OneOf(tuple(OUTPUTS))))
    for layer in settings.layers:
        check_settings("annotate:", layers=(layer, OneOf(LAYERS)))
    if settings.address is not None and settings.engine != "ray":
        raise settings_error("annotate: address is that of a Ray cluster; set engine to ray")


def check_place(output: Path, names: Sequence[str]) -> None:
    """Check that the next run would not read what this one writes.

    RAISES: FolderError: The output is in a folder that is read.
    """
    for name in names:
        folder = Path(name).resolve()
        if folder.is_dir() and folder in (output.resolve(), *output.resolve().parents):
            raise FolderError(
                output, f"the output is in {name}, which is read", "Name another place"
            )


def format_of(output: Path) -> str:
    """Tell the format of an output file by its name; "" for a folder."""
    if output.is_dir():
        return ""
    for name in OUTPUTS:
        if output.name.lower().endswith(f".{name}"):
            return name
    if output.suffix and output.exists():
        raise FormatError(output, None, "the output is a file", "Name a folder")
    if output.suffix.lower() in (".json", ".txt", ".csv", ".tsv", ".conll", ".gz", ".zst"):
        endings = ", ".join(f".{name}" for name in OUTPUTS)
        raise FormatError(
            output, None, f"the ending is of no format that can be written ({endings})", "Change it"
        )
    return ""
