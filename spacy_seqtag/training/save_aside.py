"""Save checkpoints so that a kill or a full disk never costs the last one."""

import copy
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.util import registry

from ..files import naming, new_folder, terminable


@registry.callbacks("spacy_seqtag.save_aside.v1")  # type: ignore[untyped-decorator]
def make_save_aside() -> Callable[[Language], Language]:
    """Create a callback for `[training.before_to_disk]` that saves beside the last checkpoint.

    spaCy writes each checkpoint over `model-last`, file by file. If it is the best so far, spaCy
    then removes `model-best` and copies `model-last` there. A run that is killed meanwhile can lose
    both.

    With this callback, spaCy writes to `.model-last.new`, which is renamed to `model-last` once it
    is complete. So there is always a complete `model-best`, or a complete `model-last` that is as
    good, because spaCy is just copying it. If the run is killed between two renames, the former
    `model-last` is called `.model-last.old`; whatever saves there next gives it its name again.

    RETURNS (Callable[[Language], Language]): The callback.
    """

    def save_aside(nlp: Language) -> Language:
        result = copy.copy(nlp)
        result.to_disk = partial(_save_aside, nlp)  # type: ignore[method-assign]
        return result

    return save_aside


def _save_aside(nlp: Language, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
    """Do what `Language.to_disk` does, but leave the old folder whole until the new one is.

    RAISES: OSError: That names the folder, if there is no space.
    """
    replace_folder(Path(path), lambda new: nlp.to_disk(new, exclude=list(exclude)))


def save_pipeline(nlp: Language, output: Path) -> None:
    """Save a pipeline to a folder that appears, or is replaced, when it is whole.

    nlp (Language): The pipeline.
    output (Path): The folder; missing ones above it are made.
    RAISES: OutputError: It cannot be written.
    """
    with terminable(), new_folder(output.parent, output), naming(output):
        replace_folder(output, nlp.to_disk)


def replace_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Write a folder aside, and put it in the place of the old one when it is complete.

    path (Path): The folder.
    write (Callable[[Path], object]): Writes it to the path that it is given.
    RAISES: OSError: That names the folder, if there is no space.
    """
    tidy_folder(path)
    new, old = _asides(path)
    try:
        write(new)
        if path.exists():
            path.rename(old)
        new.rename(path)
    except BaseException as err:
        tidy_folder(path)
        if isinstance(err, OSError) and err.filename is None:
            raise OSError(err.errno, err.strerror, str(path)) from err
        raise
    _remove(old)


def tidy_folder(path: Path) -> None:
    """Remove what `replace_folder` left beside a folder when it was killed.

    If it was killed between two renames, the old folder gets its name again.

    path (Path): The folder, which may not exist.
    """
    new, old = _asides(path)
    if old.exists() and not path.exists():
        old.rename(path)
    _remove(old)
    _remove(new)


def holds_folder(path: Path) -> bool:
    """Tell whether there is a folder, under its name or under that of `replace_folder`.

    path (Path): The folder.
    """
    return path.is_dir() or _asides(path)[1].is_dir()


def _asides(path: Path) -> tuple[Path, Path]:
    """Return where the new folder is written, and where the old one is meanwhile.

    Users call folders of their own `model-last.old`, but hardly with a dot before it.
    """
    return path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
