"""The comments of CoNLL-U, which other formats have as well: ids, documents, paragraphs, text.

Source: https://universaldependencies.org/format.html#sentence-boundaries-and-comments
"""

from pathlib import Path

from ...compression import stem_of
from ..sentence import Sentence

GLOBAL_COLUMNS = "global.columns"
"""The comment that names the columns of a file.

Source: https://universaldependencies.org/ext-format.html
"""

BOUNDS, UNKNOWN = "sentence_bounds", "unknown"
"""The comment of a text of which is not known where its sentences end, and its value."""

PREDICATES = "predicates"
"""The comment of a sentence that is annotated and has no predicate: `# predicates = 0`."""


class SentenceMaker:
    """Turns the comments and words of a file, in reading order, into `Sentence`s.

    Comments that mean something are `sent_id`, `text`, `newdoc` and `newpar`, and two of the
    package's own: `BOUNDS` and `PREDICATES`.

    path (Path): The file, whose name ids are made of where it has none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stem = stem_of(path)
        self.n_sentences = 0
        self._n_wordless = 0
        self.text: str | None = None
        self._n_docs = 0
        self._doc_id: str | None = None
        self._forget()

    def _forget(self) -> None:
        self.text = None
        self._sent_id = ""
        self._new_doc = False
        self._new_par = False
        self._has_bounds = True
        self.no_predicates = False

    @property
    def sent_id(self) -> str:
        """The id that the next sentence gets."""
        return self._sent_id or f"{self._stem}-{self.n_sentences + 1}"

    @property
    def n_wordless(self) -> int:
        """How many sentences have an id or a text, but no words; right at the end of a file."""
        return self._n_wordless + bool(self._sent_id or self.text is not None)

    def comment(self, line: str) -> bool:
        """Read a comment line, and tell whether it is one of those that mean something."""
        key, _, value = line[1:].partition("=")
        key, value = key.strip(), value.strip()
        if (key == "sent_id" and self._sent_id) or (key == "text" and self.text is not None):
            self._n_wordless += 1
            self._sent_id, self.text = "", None
        if key == "sent_id":
            self._sent_id = value
        elif key == "text":
            self.text = value
        elif key in ("newdoc", "newdoc id"):
            self.new_document(value)
        elif key in ("newpar", "newpar id"):
            self._new_par = True
        elif key == BOUNDS and value == UNKNOWN:
            self._has_bounds = False
        elif key == PREDICATES and value == "0":
            self.no_predicates = True
        else:
            return False
        return True

    def new_document(self, doc_id: str = "") -> None:
        """Begin a document; without an id it gets one made up (`<file stem>-doc<number>`)."""
        self._n_docs += 1
        self._doc_id = doc_id or f"{self._stem}-doc{self._n_docs}"
        self._new_doc = True

    def sentence(
        self, line: int, words: list[str], spaces: list[bool], **layers: list[str] | None
    ) -> Sentence:
        """Make a sentence of these words and the comments since the last one.

        line (int): The line of the first word.
        words, spaces (list): One entry per word, see `Sentence`.
        layers (list[str] | None): By the names in `sentence.LAYERS`, one string per word.
        RETURNS (Sentence): The sentence, without the layers that are empty at every word.
        """
        sent_id = self.sent_id
        self.n_sentences += 1
        result = Sentence(
            sent_id,
            self._doc_id,
            words,
            spaces,
            self.path,
            line,
            made_up_id=not self._sent_id,
            new_doc=self._new_doc,
            new_par=self._new_par,
            has_bounds=self._has_bounds,
        )
        for name, tags in layers.items():
            result.set_layer(name, tags)
        self._forget()
        return result
