"""A layer whose documents have names: PropBank's, with or without its words.

Documents are found by their names (see `documents`). If a `sent_id` names a document, the sentence
belongs to that. Documents that the first file does not have are ignored: they belong to other
splits. Within a document, propositions move from word to word (see `transfer`). If the files have
no document in common and the words are not masked, sentences are joined as in `by_sentence`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ..errors import FormatError
from ..plural import counted, forms
from ..sentence import Sentence
from .by_sentence import SentenceLayer
from .documents import Documents, PropbankSentence, document_of_id
from .layer import JoinReport, Outline, different_sentences
from .transfer import Transfer


class DocumentLayer:
    """The propositions and XPOS of a PropBank file or folder.

    path (Path): The file or folder, for messages.
    sentences (Iterable[PropbankSentence]): What is in it, read at once and kept on disk.
    max_mismatch (float): The share, 0 to 1, of the sentences of shared documents that may be left
        without the layer.
    RAISES: FormatError: Two documents have the same name, or what reading raises.
    """

    def __init__(
        self, path: Path, sentences: Iterable[PropbankSentence], *, max_mismatch: float = 0.02
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self._documents = Documents(sentences)
        self._base = Path()
        self._ids_tell = False  # whether the ids of the first file's sentences name documents
        self._by_words: SentenceLayer | None = None
        self._report = JoinReport()
        self._used: dict[int, int] = {}  # documents here, and the line they were asked for in
        self._n_sentences = self._n_joined = 0  # of the first file, in documents that are here
        self._n_absent = 0  # of the first file, in documents that are not here
        self._absent: set[str] = set()  # these documents
        self._n_lost = 0  # predicates
        self._notes = Counter[str]()

    def close(self) -> None:
        """Drop the documents."""
        self._documents.close()
        if self._by_words is not None:
            self._by_words.close()

    def document_of(self, sentence: Sentence) -> str | None:
        """Name a sentence's document, if it is here."""
        return self._name(None if sentence.made_up_id else sentence.sent_id, sentence.doc_id)

    def _name(self, sent_id: str | None, doc_id: str | None) -> str | None:
        named = document_of_id(sent_id)
        if named in self._documents:
            return named
        # In a sample of sentences, `# newdoc` may have been left out with the first sentence.
        if self._ids_tell and sent_id is not None:
            return None
        return doc_id if doc_id in self._documents else None

    def align(self, base: Outline) -> None:
        """See which documents both files have.

        RAISES: FormatError: None, and the words here are masked or nowhere there.
        """
        self._base = base.path
        self._ids_tell = any(document_of_id(sent_id) in self._documents for sent_id in base.ids)
        if any(map(self._name, base.ids, base.documents)):
            return
        if self._documents.masked:
            raise FormatError(
                self.path,
                None,
                f"layers of different documents: none of the {len(self._documents):,} here is in "
                f"{self._base} as well",
                "Give files of the same corpus, whose documents have names (`# newdoc id` in "
                "CoNLL-U)",
            )
        self._by_words = SentenceLayer(self.path, self._sentences(), max_mismatch=self.max_mismatch)
        self._by_words.align(base)

    def _sentences(self) -> Iterator[Sentence]:
        for sentence, notes in self._documents.sentences():
            self._notes.update(notes)
            yield sentence

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Add to the sentences of a document of the first file the layer that they lack.

        RAISES: FormatError: The document comes a second time, or has no XPOS to align a skeleton.
        """
        if self._by_words is not None:
            self._by_words.add_to(document)
            return
        for name, group in groupby(document, self.document_of):
            sentences = list(group)
            if name is None:
                self._n_absent += len(sentences)
                self._absent |= {s.doc_id for s in sentences if s.doc_id is not None}
            else:
                self._join(name, sentences)

    def _join(self, name: str, sentences: Sequence[Sentence]) -> None:
        """Add the layer to the sentences of a document that both files have."""
        first = sentences[0]
        number = self._documents.number(name)
        if number in self._used:
            raise FormatError(
                first.path,
                first.line,
                f"the document {name!r} begins a second time, the first is in line "
                f"{self._used[number]}",
                "Keep the sentences of a document together",
            )
        self._used[number] = first.line
        document = self._documents[number]
        if document.is_masked and all(sentence.xpos is None for sentence in sentences):
            raise FormatError(
                first.path,
                first.line,
                f"the document {name!r} has no XPOS, by which the skeleton in {self.path} is "
                "aligned",
                "Give a first file with XPOS, or a .gold_conll file with words",
            )
        self._n_sentences += len(sentences)
        self._notes.update(document.notes)
        transfer = Transfer(document.sentences, sentences, masked=document.is_masked)
        for sentence, (lost, propositions, xpos) in zip(
            sentences, transfer.sentences(), strict=True
        ):
            if lost:
                self._mismatch(sentence, lost)
                continue
            self._n_joined += 1
            if sentence.propositions is None:
                sentence.propositions = propositions
            sentence.fill_layer("xpos", xpos)
        self._notes.update(transfer.notes)
        self._n_lost += transfer.n_lost

    def _mismatch(self, sentence: Sentence, lost: str) -> None:
        if self._report.mismatch():
            self._report.mismatches.append(
                f"{sentence.path}:{sentence.line}: sentence {sentence.sent_id}: {lost} in "
                f"{self.path}"
            )

    def finish(self) -> JoinReport:
        """Check, after the last sentence, that both files hold the same documents.

        RAISES: FormatError: More than the share `max_mismatch` of the sentences of shared
            documents have no layer.
        """
        notes = [counted(n, what) for what, n in self._notes.most_common()]
        if self._by_words is not None:
            report = self._by_words.finish()
            report.notes += notes
            return report
        report = self._report
        if report.mismatched > self.max_mismatch * self._n_sentences:
            what = (
                f"{report.mismatched:,} of {self._n_sentences:,} could not be aligned, the "
                f"first is {report.mismatches[0]}"
            )
            raise different_sentences(self.path, None, what, self.max_mismatch)
        report.notes = [self._how(), *notes, *self._missing()]
        return report

    def _how(self) -> str:
        """Say how the sentences were joined."""
        how = "part of speech" if self._documents.masked else "words"
        return (
            f"{self.path}: joined by document, sentences by {how}: {self._n_joined:,} of "
            f"{self._n_sentences:,} sentences"
        )

    def _missing(self) -> Iterator[str]:
        """Say what only one of the files has."""
        if self._n_lost:
            what = "<predicate is|predicates are> in sentences that could not be aligned"
            yield counted(self._n_lost, what)
        if self._n_absent:
            what = "<sentence has|sentences have> no semantic roles, because"
            why = "<it belongs|they belong> to no marked document"
            if self._absent:
                documents = counted(len(self._absent), "<document is|documents are>")
                why = f"<its|their> {documents} not in {self.path}"
            yield counted(self._n_absent, f"{what} {why}")
        others = len(self._documents) - len(self._used)
        if others:
            documents, are = counted(others, "<document|documents>"), forms(others, "<is|are>")
            yield f"{documents} in {self.path} {are} not in {self._base}"
