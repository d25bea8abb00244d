"""`python -m spacy seqtag convert`: corpus files to one `.spacy` file."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from spacy.util import get_lang_class
from wasabi import msg

from ..corpus.convert import convert
from ..corpus.docs import parse_docs_by
from ..corpus.errors import FormatError, safe_line
from ..corpus.formats import FORMATS
from ..corpus.formats.columns.names import parse_columns
from ..corpus.formats.head_roles import SPANS_FROM
from ..corpus.formats.table.classes import parse_class_names
from ..corpus.formats.tags import PREFIXES
from ..corpus.formats.text_spans import ALIGNMENTS
from ..corpus.inputs import all_files
from ..corpus.plural import counted
from ..corpus.sentence import LAYERS
from ..corpus.subset import FRACTION, Subset
from ..corpus.summary import Summary
from ..corpus.tokenizer import TokenizerError
from ..errors import Whole
from ..partial import parse_labels
from ..schemes.propositions import ROLE_NAMES
from . import fail, seqtag
from .byte_bar import byte_bar
from .console import examples, print_json, warn
from .options import JsonOption, QuietOption, choice, complete_pipeline

# From here on the wait is long enough to show a bar in log files too.
_LONG_INPUT = 20_000_000  # bytes

_LAYER_NAMES = {"upos": "UPOS", "xpos": "XPOS", "lemmas": "lemma", "entities": "entities"}
_FIRST_FORMATS = [name for name, fmt in FORMATS.items() if fmt.read is not None]
_SCHEMES = ["auto", *PREFIXES]
_HELP = "\n\n".join(
    [
        "Convert corpus files to a .spacy file for training.",
        "The ending of a file, and where several formats have it its content, tells its format; "
        "that of the first file may be given (--format):",
        *(f"{fmt.name} ({', '.join(fmt.suffixes)}): {fmt.help}." for fmt in FORMATS.values()),
        "`-`, `_`, `?` or nothing as a tag is missing annotation. Sentences of several files are "
        "joined by their sent_id where the words agree, else by their words in order, with gaps "
        "on either side. PropBank's are found by their document and aligned by their words or, "
        "where these are masked, by XPOS and lemmas.",
    ]
)

_Files = Annotated[
    list[Path],
    typer.Argument(
        help="The first one gives the words; each further one gives layers that those before it "
        "lack. After a .spacy file, further .spacy files are more documents. Several files of one "
        "layer are a folder, or a pattern in quotation marks such as 'train-*.conllu'. Files may "
        "be compressed (.gz, .zst)"
    ),
]
_Output = Annotated[Path, typer.Option("--output", "-o", help="The .spacy file to write")]
_DocsBy = Annotated[
    str,
    typer.Option(
        help="What becomes a Doc: 'document', 'sentence', or a number of sentences at most"
    ),
]
_FileFormat = Annotated[
    str | None,
    choice(
        _FIRST_FORMATS,
        "--format",
        help=f"Format of the first file (default: by its ending): {', '.join(_FIRST_FORMATS)}",
    ),
]
_Lang = Annotated[str, typer.Option(help="Language code of the vocabulary")]
_Scheme = Annotated[
    str,
    choice(
        _SCHEMES,
        help="How entities are written in columns (bioes is also BILOU, bmes also BMEWO)",
    ),
]
_Columns = Annotated[
    str | None,
    typer.Option(
        help="What the columns hold, such as index,word,pos,tag: index, word, upos, xpos or "
        "pos, lemma, tag, chunk, and - for one to pass over (default: by their contents)"
    ),
]
_Labels = Annotated[
    list[str],
    typer.Option(
        metavar="NAMES",
        help="Names of the classes 0, 1, 2 and so on, for tables with their numbers alone, such as "
        "O,B-PER,I-PER, or a file with a name a line; with several such columns once for each: "
        "--labels ner_tags=O,B-PER,I-PER",
    ),
]
_Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Take as an error: an I- tag that continues no entity (else B-), a record that cannot "
        "be read, and a span that does not fit the words (else left out)",
    ),
]
_Tokenizer = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        autocompletion=complete_pipeline,
        help="Texts are cut into words by the tokenizer of this pipeline (default: that of --lang)",
    ),
]
_Alignment = Annotated[
    str,
    choice(
        ALIGNMENTS,
        help="What becomes of a span of characters that begins or ends within a word",
    ),
]
_SpanFrom = Annotated[
    str,
    choice(
        SPANS_FROM,
        help="What an argument becomes of which only the head is marked (CoNLL-2009, Universal "
        "PropBank 1.0): the words of its subtree, or the head alone",
    ),
]
_RoleNames = Annotated[
    str,
    choice(
        ROLE_NAMES,
        help="How semantic roles are named: as in the files, as in PropBank (ARG0, ARGM-TMP), or "
        "as in CoNLL-2005 and Universal PropBank (A0, AM-TMP)",
    ),
]
_MaxMismatch = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Share of sentences that may have other words, of those that stand in the same "
        "place of both files or have the same sent_id; those of one file alone do not count",
    ),
]
_Share = Annotated[
    float | None,
    typer.Option("--subset", help="Share of the sentences to write, such as 0.1: a random sample"),
]
_Limit = Annotated[
    int | None,
    typer.Option(help="Number of sentences to write at most: a random sample of this size"),
]
_Seed = Annotated[
    int,
    typer.Option(
        help="Seed of --subset and --limit: with the same one, smaller samples lie in larger ones"
    ),
]
_Rest = Annotated[
    bool,
    typer.Option(
        "--rest", help="With --subset or --limit: write the other sentences, not the sample"
    ),
]
_EntityLabels = Annotated[
    str | None,
    typer.Option(
        metavar="LABELS",
        help="Only entities of these labels, such as PER,LOC, were looked for: other words may "
        "belong to an entity of another label. `-` for none: the rest is unknown (default: all "
        "labels)",
    ),
]


@seqtag.command(
    "convert",
    help=_HELP,
    no_args_is_help=True,
    epilog=examples(
        "convert dev.conllu dev.iob2 --output dev.spacy",
        "convert texts.jsonl --lang de --output texts.spacy",
    ),
)
def convert_cli(
    files: _Files,
    output: _Output,
    docs_by: _DocsBy = "document",
    file_format: _FileFormat = None,
    lang: _Lang = "en",
    scheme: _Scheme = "auto",
    columns: _Columns = None,
    labels: _Labels = [],  # noqa: B006 (typer reads it)
    strict: _Strict = False,
    tokenizer: _Tokenizer = None,
    alignment: _Alignment = "drop",
    span_from: _SpanFrom = "subtree",
    role_names: _RoleNames = "keep",
    max_mismatch: _MaxMismatch = 0.02,
    share: _Share = None,
    limit: _Limit = None,
    seed: _Seed = 0,
    rest: _Rest = False,
    entity_labels: _EntityLabels = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Convert corpus files to a .spacy file, print what was written, or fail in one line."""
    entities = _check_options(lang, docs_by, columns, labels, entity_labels)
    subset = _subset(share, limit, seed, rest)
    try:
        with byte_bar(all_files(files), quiet, long=_LONG_INPUT) as bar:
            summary = convert(
                files,
                output,
                docs_by=docs_by,
                lang=lang,
                file_format=file_format,
                scheme=scheme,
                columns=columns,
                labels=labels,
                strict=strict,
                tokenizer=tokenizer,
                alignment=alignment,
                span_from=span_from,
                role_names=role_names,
                max_mismatch=max_mismatch,
                subset=subset,
                entity_labels=entities,
                progress=bar.update,
            )
    except (FormatError, TokenizerError, ImportError, OSError, sqlite3.Error) as error:
        fail(error)
    if as_json:
        print_json({"output": output, **vars(summary)})
    else:
        _print_figures(summary)
    _report(summary, output)
    _hint_at_language(summary, lang)


def _check_options(
    lang: str,
    docs_by: str,
    columns: str | None,
    labels: Sequence[str],
    entity_labels: str | None,
) -> Sequence[str] | None:
    """Check options that are read further on, and read the labels of entities."""
    try:
        get_lang_class(lang)
    except ImportError:
        fail(f"--lang {lang}: spaCy knows no such language. Give a code such as en, de or xx")
    try:
        parse_docs_by(docs_by)
        if columns is not None:
            parse_columns(columns)
        parse_class_names(labels)
    except ValueError as error:
        fail(f"--{error}")
    try:
        return None if entity_labels is None else parse_labels(entity_labels)
    except ValueError as error:
        fail(f"--entity-labels {error}")


def _subset(share: float | None, limit: int | None, seed: int, rest: bool) -> Subset:
    """Read which part of the corpus is to be written."""
    if rest and share is None and limit is None:
        fail("--rest: the rest of what? Draw a sample with --subset or --limit")
    if share is not None and limit is not None:
        fail("--subset and --limit: give one of them")
    options = (
        ("--subset", share, FRACTION),
        ("--limit", limit, Whole(1)),
        ("--seed", seed, Whole(0)),
    )
    for option, value, allowed in options:
        if value is not None and value not in allowed:
            fail(f"{option} {value}: give {allowed}")
    return Subset(1.0 if share is None else share, limit or 0, seed, rest)


def _print_figures(summary: Summary) -> None:
    rows = [
        ("Documents", summary.documents),
        ("Sentences", summary.sentences),
        ("Words", summary.words),
        *((f"Words with {_LAYER_NAMES[name]}", summary.words_with[name]) for name in LAYERS),
        *((f"Entities {safe_line(label)}", n) for label, n in summary.entities.most_common()),
        ("Predicates", summary.predicates),
        ("Arguments", summary.arguments),
        *((f"Sentences without {_LAYER_NAMES[name]}", summary.missing[name]) for name in LAYERS),
        ("Sentences without semantic roles", summary.without_frames),
    ]
    msg.table([(name, f"{n:,}") for name, n in rows], aligns=("l", "r"))


def _report(summary: Summary, output: Path) -> None:
    """Say what a user should look at."""
    for note in summary.notes:
        msg.info(safe_line(note))
    for cut in summary.cuts:
        warn(safe_line(cut))
    if summary.repaired:
        what = "<tag|tags> continued no entity and <was|were> read as B-:"
        warn(counted(summary.repaired, what), _examples(summary.repairs, summary.repaired))
    if summary.mismatched:
        what = "<sentence has|sentences have> other words and <was|were> not joined:"
        examples = _examples(summary.mismatches, summary.mismatched)
        warn(counted(summary.mismatched, what), examples)
    if summary.unjoined:
        what = "<sentence|sentences> of further files <was|were> not used"
        warn(counted(summary.unjoined, what))
    msg.good(f"Wrote {output}")


def _hint_at_language(summary: Summary, lang: str) -> None:
    """Warn of a text that is not English: that is only the default language."""
    if lang == "en" and summary.other_letters > summary.letters / 2:
        share = summary.other_letters / summary.letters
        warn(
            f"{share:.0%} of the letters are not Latin, so this is not English: give the language, "
            "as in --lang zh, and the same to `spacy train` as --nlp.lang"
        )


def _examples(lines: Sequence[str], total: int) -> list[str]:
    more = [f"and {total - len(lines):,} more"] if total > len(lines) else []
    return [*map(safe_line, lines), *more]
