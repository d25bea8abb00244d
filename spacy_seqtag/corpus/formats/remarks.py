"""What a reader tells the user about a file: what it left out, repaired or reinterpreted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..plural import counted

# What several formats count; `counted` chooses among the forms.
STRIPPED = "<cell|cells> began or ended in white space, which was left out"
UNESCAPED = (
    "<word|words> had escapes of the Penn Treebank, such as -LRB- for (, and <is|are> read without"
)
CUT = "<entity|entities> began or ended in white space, which was cut off"
BEGUN_UNKNOWN = (
    "<tag continues|tags continue> an entity that may have begun at a missing tag, and "
    "<counts|count> as missing"
)
UNCLOSED = (
    "<entity has|entities have> no last word by <its|their> tags, and <ends|end> before a tag "
    "that does not go on"
)
IOB1_FOUND = (
    "entities read as IOB1, in which I- begins an entity; where that should be an error, say "
    "--scheme iob2 --strict"
)
CONTRADICTED = (
    "<sentence has|sentences have> a `# text` that <its|their> words do not spell; the words were "
    "kept"
)

_OTHER_FILES = "<other file|other files>"

_SHOWN = 3  # examples in a line


class Remarks:
    """What was found in a file while it was read; the reader fills it in.

    path (Path): The file.
    scheme (str): How its entities are tagged, a key of `tags.PREFIXES`; "" where it has none.
    n_repaired (int): Tags that continued no entity and were read as `B-`.
    repairs (list[str]): The first few of them, as `path:line: I-X read as B-X`.
    totals (Counter[str]): What is counted over all files of a folder, with its forms as `counted`
        takes them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scheme = ""
        self.n_repaired = 0
        self.repairs: list[str] = []
        self.totals = Counter[str]()
        self._said: dict[str, None] = {}
        self._counts = Counter[str]()
        self._examples: dict[str, list[str]] = {}

    def say(self, what: str) -> None:
        """Say something about the whole file, once."""
        self._said[what] = None

    def count(self, what: str, line: int, example: str = "", n: int = 1) -> None:
        """Count something found `n` times in a line; the first few examples are shown."""
        self._counts[what] += n
        examples = self._examples.setdefault(what, [])
        if len(examples) < (_SHOWN if example else 1):
            examples.append(f"line {line}" + (f", {example}" if example else ""))

    def stripped(self, cells: Sequence[str], line: int) -> list[str]:
        """Remove white space around the cells of a row, and count those that had any."""
        result = [cell.strip() for cell in cells]
        changed = sum(a != b for a, b in zip(result, cells, strict=True))
        if changed:
            self.count(STRIPPED, line, n=changed)
        return result

    def repair(self, line: int, tag: str, entity: str) -> None:
        """Count a tag that continued no entity and was read as a different one."""
        self.n_repaired += 1
        if len(self.repairs) < _SHOWN:
            self.repairs.append(f"{self.path}:{line}: {tag} read as {entity}")

    def wordless(self, n: int) -> None:
        """Say how many sentences have an id or a text, but no words."""
        if n:
            self.say(counted(n, "<sentence has|sentences have> a sent_id or text, but no words"))

    def lines(self) -> list[str]:
        """Put it all into lines, with the path and the counts: see `lines_of`."""
        return lines_of([self])

    def said(self) -> Iterator[tuple[str, int, list[str]]]:
        """Yield what was said (with the number 0) or counted, with its number and examples."""
        for what in self._said:
            yield what, 0, []
        for what, n in self._counts.items():
            yield what, n, self._examples[what]


def lines_of(files: Iterable[Remarks]) -> list[str]:
    """Put the remarks on files into lines. What several files have in common is one line.

    `totals` come first, without a path.
    """
    totals = Counter[str]()
    found: dict[str, list[tuple[Path, int, list[str]]]] = {}
    for remarks in files:
        totals.update(remarks.totals)
        for what, n, examples in remarks.said():
            found.setdefault(what, []).append((remarks.path, n, examples))
    lines = [counted(n, what) for what, n in totals.most_common()]
    for what, places in found.items():
        path, _, examples = places[0]
        others = len(places) - 1
        where = str(path) + (f" and {counted(others, _OTHER_FILES)}" if others else "")
        total = sum(n for _, n, _ in places)
        if total:
            more = ", …" * (total > len(examples))
            lines.append(f"{where}: {counted(total, what)} ({'; '.join(examples)}{more})")
        else:
            lines.append(f"{where}: {what}")
    return lines
