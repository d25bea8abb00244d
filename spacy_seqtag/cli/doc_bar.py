"""Progress bars of commands that take Docs, and of what they do besides; in terminals only."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from spacy.tokens import Doc
from tqdm import tqdm

from ..stages import Stages

_WITH_TOTAL = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} docs [{elapsed}<{remaining}]"


def doc_bar(docs: Iterable[Doc], what: str, quiet: bool) -> "tqdm[Doc]":
    """Pass Docs on, and show how many there were.

    docs (Iterable[Doc]): The Docs.
    what (str): What stands before the bar, such as a file's name.
    quiet (bool): Show none.
    """
    return tqdm(docs, desc=what, unit="docs", leave=False, disable=quiet or None)


@contextmanager
def stage_bar(quiet: bool) -> Iterator[Stages]:
    """Within a `with` block, show which stage a run is in, and how far it is.

    quiet (bool): Show nothing.
    """
    with tqdm(bar_format="{desc} ...", leave=False, disable=quiet or None) as bar:

        def begin(what: str, total: int = 0) -> Callable[[], object]:
            bar.bar_format = _WITH_TOTAL if total else "{desc} ..."
            bar.desc = what
            bar.reset(total)
            bar.refresh()
            return lambda: bar.update()

        yield begin
