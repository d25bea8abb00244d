"""`python -m spacy seqtag convert`: corpus files to one `.spacy` file."""

import sqlite3
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from spacy.util import get_lang_class
from tqdm import tqdm
from wasabi import msg

from ..corpus.convert import Summary, convert, parse_docs_by
from ..corpus.layout import parse_columns
from ..corpus.sentence import LAYERS, FormatError, one_line
from . import fail, seqtag

# From here on the wait is long enough to show a bar in log files too.
_LONG_INPUT = 20_000_000

_LAYER_NAMES = {"upos": "UPOS", "xpos": "XPOS", "lemmas": "lemma", "entities": "entities"}


class Format(str, Enum):
    """A key of `spacy_seqtag.corpus.convert.FORMATS`."""

    conllu = "conllu"
    iob = "iob"
    propbank = "propbank"
    spacy = "spacy"


class Scheme(str, Enum):
    """How entities are written in columns."""

    auto = "auto"
    iob1 = "iob1"
    iob2 = "iob2"
    bioes = "bioes"
    bmes = "bmes"


@seqtag.command("convert", no_args_is_help=True)
def convert_cli(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The first file gives the words; each further file gives layers that the files "
            "before it lack. After a .spacy file, further .spacy files are more documents. A "
            "folder gives the PropBank files in it"
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .spacy file to write")],
    docs_by: Annotated[
        str,
        typer.Option(
            help="What becomes a Doc: 'document', 'sentence', or a number of sentences at most"
        ),
    ] = "document",
    file_format: Annotated[
        Format | None,
        typer.Option("--format", help="Format of the first file (default: by its ending)"),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language code of the vocabulary")] = "en",
    scheme: Annotated[
        Scheme,
        typer.Option(
            help="How entities are written in columns (bioes is also BILOU, bmes also BMEWO)"
        ),
    ] = Scheme.auto,
    columns: Annotated[
        str | None,
        typer.Option(
            help="What the columns hold, such as index,word,pos,tag: index, word, upos, xpos or "
            "pos, lemma, tag, chunk, and - for one to pass over (default: by their contents)"
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Take an I- tag that continues no entity as an error, do not read it as B-",
        ),
    ] = False,
    max_mismatch: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of sentences that may have other words, of those that stand in the same "
            "place of both files or have the same sent_id; those of one file alone do not count",
        ),
    ] = 0.02,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")] = False,
) -> None:
    """Convert corpus files to a .spacy file for training.

    Reads CoNLL-U (.conllu, .conll-u, .conllup), columns with entities (.iob, .iob2, .conll, .bio,
    .tsv, .txt, .csv: any with a word and a tag, such as CoNLL-2002, CoNLL-2003, GermEval and
    Universal NER; also word|POS|tag, a sentence a line), PropBank's semantic roles (.gold_conll,
    .gold_skel), props of CoNLL-2005 (.props) and .spacy. `-`, `_`, `?` or nothing as a tag is
    missing annotation. Sentences of several files are joined by their sent_id where the words
    agree, else by their words in order, with gaps on either side. PropBank's are found by their
    document and aligned by their words or, where these are masked, by XPOS and lemmas; a folder
    stands for all such files in it.
    """
    given = [file for path in files for file in (path.rglob("*") if path.is_dir() else [path])]
    total = sum(path.stat().st_size for path in given if path.is_file())
    terminal = sys.stderr.isatty()
    bar_options = {
        "leave": False,
        "disable": quiet or not (terminal or total > _LONG_INPUT),
        "mininterval": 0.1 if terminal else 10.0,  # seconds; few lines in log files
    }
    try:
        get_lang_class(lang)
    except ImportError:
        fail(f"--lang {lang}: spaCy knows no such language. Give a code such as en, de or xx")
    try:
        parse_docs_by(docs_by)
        if columns is not None:
            parse_columns(columns)
    except ValueError as error:
        fail(f"--{error}")
    try:
        with tqdm(total=total, unit="B", unit_scale=True, **bar_options) as bar:
            summary = convert(
                files,
                output,
                docs_by=docs_by,
                lang=lang,
                file_format=None if file_format is None else file_format.value,
                scheme=scheme.value,
                columns=columns,
                strict=strict,
                max_mismatch=max_mismatch,
                progress=bar.update,
            )
    except (FormatError, OSError, sqlite3.Error) as error:
        fail(error)
    if not quiet:
        _report(summary, output)
        _hint_at_language(summary, lang)


def _report(summary: Summary, output: Path) -> None:
    """Print what was written, and what a user should look at."""
    rows = [
        ("Documents", summary.documents),
        ("Sentences", summary.sentences),
        ("Words", summary.words),
        *((f"Words with {_LAYER_NAMES[name]}", summary.words_with[name]) for name in LAYERS),
        *((f"Entities {one_line(label)}", n) for label, n in summary.entities.most_common()),
        ("Predicates", summary.predicates),
        ("Arguments", summary.arguments),
        *((f"Sentences without {_LAYER_NAMES[name]}", summary.missing[name]) for name in LAYERS),
        ("Sentences without semantic roles", summary.without_frames),
    ]
    msg.table([(name, f"{n:,}") for name, n in rows], aligns=("l", "r"))
    for note in summary.notes:
        msg.info(one_line(note))
    for cut in summary.cuts:
        msg.warn(one_line(cut))
    if summary.repaired:
        msg.warn(f"{summary.repaired} tags continued no entity and were read as B-:")
        _examples(summary.repairs, summary.repaired)
    if summary.mismatched:
        msg.warn(f"{summary.mismatched} sentences have other words and were not joined:")
        _examples(summary.mismatches, summary.mismatched)
    if summary.unjoined:
        msg.warn(f"{summary.unjoined} sentences of further files were not used")
    msg.good(f"Wrote {output}")


def _hint_at_language(summary: Summary, lang: str) -> None:
    """English is the default; other texts need their language's tokenizer."""
    if lang == "en" and summary.other_letters > summary.letters / 2:
        share = summary.other_letters / summary.letters
        msg.warn(
            f"{share:.0%} of the letters are not Latin, so this is not English: give the language, "
            "as in --lang zh, and the same to `spacy train` as --nlp.lang"
        )


def _examples(lines: list[str], total: int) -> None:
    for line in lines:
        print(f"  {one_line(line)}")
    if total > len(lines):
        print(f"  and {total - len(lines)} more")
