"""Digests: whether a component's files, and those that it depends on, are the ones that were saved.

Beside its other files a component saves `digests.json`. It has the SHA-256 of each of them, and of
the files in the pipeline's folder that its annotations depend on: the config, the tokenizer, and
the components that come before it, among them the encoder. `Language.to_disk` writes all of these
first. So we notice damaged files, files of another pipeline, and files of another step of the same
training. Digests do not protect from attackers, who can write digests as well.
"""

import hashlib
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import srsly
from thinc.api import Config

from ..errors import first_line, settings_error
from ..files import sha256

DIGESTS = "digests.json"
_CONFIG = "config.cfg"
_TOKENIZER = "tokenizer"
_MEND = (
    "Copy the pipeline again, or train it anew. (If you replaced the file on purpose, load the "
    "parts in Python, join them with nlp.add_pipe(..., source=...), and save with nlp.to_disk.)"
)


# The changed configs that a warning was given of: where they are, and their SHA-256.
_warned_of: set[tuple[Path, str]] = set()


def save_digests(folder: Path) -> None:
    """Write the digests of a component that was just saved.

    folder (Path): Where it was saved.
    """
    own = {path.name: _sha256(path) for path in _own_files(folder)}
    pipeline = {name: _sha256(path) for name, path in _files_before(folder)}
    srsly.write_json(folder / DIGESTS, {"sha256": {"component": own, "pipeline": pipeline}})


def check_digests(folder: Path) -> None:
    """Check the files of a component, and those that it depends on.

    A changed config is only warned of, as it may have been changed on purpose. Components without
    digests, which older versions saved, pass.

    folder (Path): Where the component was saved.

    RAISES: ConfigValidationError (a ValueError): A file is missing, or is another one. The message
        names it.
    """
    path = folder / DIGESTS
    if not path.exists():
        return
    try:
        saved = srsly.read_json(path)["sha256"]
        component, pipeline = dict(saved["component"]), dict(saved["pipeline"])
    except (ValueError, KeyError, TypeError) as err:
        raise settings_error(f"{path} is damaged ({first_line(err)}). {_MEND}") from err
    found = {path.name: path for path in _own_files(folder)}
    _compare(component, found, folder, path)
    before = dict(_files_before(folder))
    parts = {name.partition("/")[0] for name in before}
    # The files of a component that was taken out of the pipeline are not missing.
    pipeline = {name: value for name, value in pipeline.items() if name.partition("/")[0] in parts}
    config = pipeline.pop(_CONFIG, None)
    if config is not None and config not in _text_digests(before[_CONFIG]):
        _warn_of_config(before[_CONFIG])
    _compare(pipeline, before, folder.parent, path)


def _compare(saved: dict[str, str], found: dict[str, Path], folder: Path, source: Path) -> None:
    for name, digest in saved.items():
        if name not in found:
            raise settings_error(f"{folder / name} is missing. {_MEND}")
        if _sha256(found[name]) != digest:
            raise settings_error(
                f"{found[name]} is damaged, or not the file that was saved with this pipeline (its "
                f"SHA-256 is not that in {source}). {_MEND}"
            )


def _own_files(folder: Path) -> Iterator[Path]:
    return (path for path in (folder / "cfg", folder / "model") if path.is_file())


def _files_before(folder: Path) -> Iterator[tuple[str, Path]]:
    """Find the files that a pipeline saves before a component, by name in the pipeline's folder.

    There are none for a component that is saved by itself.
    """
    parent = folder.parent
    config = parent / _CONFIG
    if not config.is_file():
        return
    names = Config().from_disk(config, interpolate=False).get("nlp", {}).get("pipeline", [])
    if folder.name not in names:
        return
    yield _CONFIG, config
    for name in (_TOKENIZER, *names[: names.index(folder.name)]):
        part = parent / name
        for path in [part, *sorted(part.rglob("*"))]:
            if path.is_file() and path.name != DIGESTS:
                yield path.relative_to(parent).as_posix(), path


def _sha256(path: Path) -> str:
    # Read a file only once: several components depend on one encoder.
    return _digest(path, *_version(path))


def _version(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file does."""
    stat = path.stat()
    return stat.st_size, stat.st_ctime_ns, stat.st_ino


@lru_cache(maxsize=64)
def _digest(path: Path, *version: int) -> str:
    return sha256(path)


def _text_digests(path: Path) -> set[str]:
    """Return the digests of a text file with the line ends of Unix and with those of Windows.

    Copying a pipeline with Git or an archive may change them, which means nothing.
    """
    unix = path.read_bytes().replace(b"\r\n", b"\n")
    windows = unix.replace(b"\n", b"\r\n")
    return {hashlib.sha256(text).hexdigest() for text in (unix, windows)}


def _warn_of_config(path: Path) -> None:
    """Warn of a changed config; once, although each component of the pipeline finds it."""
    changed = path.resolve(), _sha256(path)
    if changed in _warned_of:
        return
    warnings.warn(
        f"{path} is not the file that was saved with this pipeline: it was changed by hand or is "
        "damaged. Saving the pipeline again ends this warning.",
        stacklevel=3,
    )
    _warned_of.add(changed)  # not before: where warnings are errors, each load has to fail
