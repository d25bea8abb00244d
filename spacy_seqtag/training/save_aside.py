"""Save the checkpoints of a training run so that a kill or a full disk never costs the last one."""

import copy
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from spacy.language import Language
from spacy.util import registry


@registry.callbacks("spacy_seqtag.save_aside.v1")
def make_save_aside() -> Callable[[Language], Language]:
    """Create a callback for `[training.before_to_disk]` that saves beside the last checkpoint.

    spaCy writes each checkpoint over `model-last`, file by file, and copies it to `model-best`,
    which it removes first, if there was no better one. With this callback `model-last` is written
    as `model-last.new` and takes the old one's place when it is complete. So at any moment either
    `model-best` is complete or `model-last` is, and as good: while spaCy copies it.

    If a run is killed in the moment between two renames, `model-last.old` is what `model-last` was.
    """

    def save_aside(nlp: Language) -> Language:
        result = copy.copy(nlp)
        result.to_disk = partial(_save_aside, nlp)  # type: ignore[method-assign]
        return result

    return save_aside


def _save_aside(nlp: Language, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
    """As `Language.to_disk`, but the folder holds either what it held or all of the pipeline.

    Raises OSError that names the folder if there is no space.
    """
    path = Path(path)
    new, old = (path.with_name(path.name + ending) for ending in (".new", ".old"))
    _remove(new)
    try:
        nlp.to_disk(new, exclude=list(exclude))
    except BaseException as err:
        _remove(new)
        if isinstance(err, OSError) and err.filename is None:
            raise OSError(err.errno, err.strerror, str(path)) from err
        raise
    if path.exists():
        _remove(old)
        path.rename(old)
    new.rename(path)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
