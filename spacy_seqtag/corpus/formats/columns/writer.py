"""Writing IOB2: a word and its entity tag on each line, with a tab between them.

A blank line ends a sentence; the `-DOCSTART-` line of CoNLL-2003 begins a document. The tag of a
word of which nothing is known is `_`. Sources: https://aclanthology.org/E99-1023 (the tags),
https://aclanthology.org/W03-0419 (documents).
"""

import re
from collections.abc import Iterable
from typing import IO

from spacy.tokens import Doc

from ..doc_words import find_rows, forms_of, tags_of
from ..format import ExportCounts, Writer
from .judge import DOCUMENT

_BLANK = re.compile(r"\s")


def write_iob2(
    docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write Docs as `read_column_file` reads them.

    docs (Iterable[Doc]): With entities. file (IO[bytes]): What is written to.
    like (None): Not used here.
    RAISES: ValueError: No word in any Doc, or no word of which it is known whether it belongs to
        an entity.
    """
    counts = ExportCounts()
    any_tag = False
    for doc in docs:
        numbers, sentences = find_rows(doc)
        if not sentences:
            continue
        forms, tags = forms_of(doc, numbers, counts), tags_of(doc, numbers, _BLANK, counts)
        lines = [f"{DOCUMENT} -X- O O", ""]
        for _, start, end in sentences:
            lines += [f"{forms[i]}\t{tags[i] or '_'}" for i in range(start, end) if numbers[i]]
            lines.append("")
        file.write("".join([f"{line}\n" for line in lines]).encode())
        any_tag = any_tag or any(tags)
        counts.documents += 1
        counts.sentences += len(sentences)
        counts.words += sum(number > 0 for number in numbers)
    if not counts.words:
        raise ValueError("there are no words in it")
    if not any_tag:
        raise ValueError("no word of it is annotated with entities, and iob2 has nothing else")
    return counts


WRITER = Writer(
    "iob2",
    "a word and its entity tag on each line",
    write_iob2,
    (
        "white space",
        "spacing",
        "unknown sentences",
        "document ids",
        "sentence ids",
        "UPOS",
        "XPOS",
        "lemmas",
        "overlapping spans",
        "roles",
        "other spans",
    ),
)
