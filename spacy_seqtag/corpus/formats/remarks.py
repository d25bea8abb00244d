"""What a reader tells the user about a file: what it left out, repaired or reinterpreted."""

from collections import Counter
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
        """Put it all into lines, with the path and the counts.

        `totals`, which a reader may count over all files of a folder, come first, without a path.
        """
        return [
            *(counted(n, what) for what, n in self.totals.most_common()),
            *(f"{self.path}: {what}" for what in self._said),
            *(
                f"{self.path}: {counted(n, what)} ({'; '.join(self._examples[what])}"
                + (", …)" if n > len(self._examples[what]) else ")")
                for what, n in self._counts.items()
            ),
        ]
