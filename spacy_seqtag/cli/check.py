"""`python -m spacy seqtag check`: find faults in the semantic roles of `.spacy` files."""

from pathlib import Path
from typing import Annotated

import typer
from spacy.vocab import Vocab
from tqdm import tqdm
from wasabi import Printer

from ..corpus.reader import find_docbins, read_docs, sentence_bounds
from ..corpus.sentence import FormatError
from ..frames import ARGUMENTS, PREDICATES, annotated_tokens, problems
from . import fail, seqtag


@seqtag.command("check", no_args_is_help=True)
def check_cli(
    files: Annotated[
        list[Path], typer.Argument(help=".spacy files, or folders that hold such files")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print problems only")] = False,
) -> None:
    """Check that the semantic roles in .spacy files are sound.

    Names each predicate and argument that no frame can be made of, with its Doc. Exit code 1 if
    there is any.
    """
    n_problems = 0
    n_docs = n_sentences = n_annotated = n_predicates = n_arguments = 0
    try:
        paths = [path for given in files for path in find_docbins(given)]
        for path in paths:
            docs = read_docs(path, Vocab())
            progress = tqdm(docs, desc=path.name, unit="docs", leave=False, disable=quiet or None)
            for number, doc in enumerate(progress, start=1):
                doc_id = doc.user_data.get("doc_id")
                name = f"document {number}" + (f" ({doc_id})" if doc_id else "")
                for problem in problems(doc):
                    n_problems += 1
                    progress.write(f"{path}: {name}: {problem}")
                covered = annotated_tokens(doc)
                bounds = sentence_bounds(doc)
                n_docs += 1
                n_sentences += len(bounds)
                n_annotated += sum(bool(covered[start:end].all()) for start, end in bounds)
                n_predicates += len(doc.spans.get(PREDICATES, ()))
                n_arguments += len(doc.spans.get(ARGUMENTS, ()))
    except (FormatError, OSError) as error:
        fail(error)
    if n_problems:
        fail(f"{n_problems:,} problems in the semantic roles of {n_docs:,} documents")
    if not quiet:
        Printer(pretty=False).good(  # one line, however long
            f"Sound: {n_docs:,} documents, {n_annotated:,} of {n_sentences:,} sentences with "
            f"semantic roles, {n_predicates:,} predicates, {n_arguments:,} arguments"
        )
