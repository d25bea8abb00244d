"""`python -m spacy seqtag check`: what `.spacy` files hold, and what is wrong with it."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import spacy
import typer
from thinc.api import ConfigValidationError
from wasabi import msg
from wasabi.printer import Printer

from ..corpus.check.findings import (
    Finding,
    findings,
    frame_findings,
    split_findings,
    training_findings,
)
from ..corpus.check.survey import LABELLED, TITLES, Survey
from ..corpus.check.tally import list_labels, share
from ..corpus.check.wordpieces import WordpieceCounter
from ..corpus.docbin_read import find_docbins, read_docs
from ..corpus.errors import FormatError
from ..corpus.plural import counted
from ..errors import printable
from ..frames import problems
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import doc_bar
from .frames import FramesOption, load_frames
from .language import check_language
from .options import JsonOption, QuietOption

# Labels of a layer in the report; --all shows the others.
_SHOWN = 20


@seqtag.command(
    "check",
    no_args_is_help=True,
    epilog=examples(
        "check train.spacy dev.spacy --strict",
        "check train.spacy --base-model bert-base-cased --lang en",
    ),
)
def check_cli(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="One .spacy file, or folder with such files, for each split; that for training "
            "first"
        ),
    ],
    base_model: Annotated[
        str | None,
        typer.Option(help="Encoder (folder, package or hub name): find words it cannot read"),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="Language: find words that its tokenizer cuts otherwise in raw text"),
    ] = None,
    frames: FramesOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors")] = False,
    all_labels: Annotated[
        bool, typer.Option("--all", help=f"Show all labels, not the {_SHOWN} most frequent")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check .spacy files before training.

    Shows which layers and labels they hold, and what is wrong: errors, with which a corpus cannot
    be trained on, and warnings. Names each predicate and argument that no frame can be made of,
    with its Doc. Exit code 1 if there is an error.
    """
    if lang is not None:
        check_language(lang)
    surveys: list[Survey] = []
    found: list[tuple[str, Finding]] = []
    unsound: list[str] = []
    try:
        inventory = None if frames is None else load_frames(frames)
        encoder = None if base_model is None else _load_encoder(base_model)
        for given in files:
            survey = Survey(str(given), surveys[-1] if surveys else None, encoder, lang)
            of_roles = _read(given, survey, quiet, as_json)
            unsound += of_roles
            if of_roles:
                documents = counted(survey.documents, "<document|documents>")
                what = f"<problem|problems> in the semantic roles of {documents}"
                found.append((survey.name, Finding(counted(len(of_roles), what), error=True)))
            found += [(survey.name, finding) for finding in findings(survey)]
            if inventory is not None:
                found += [(survey.name, finding) for finding in frame_findings(survey, inventory)]
            surveys.append(survey)
    except (ConfigValidationError, FormatError, OSError) as error:
        fail(error)
    train, *others = surveys
    found += [(train.name, finding) for finding in training_findings(train)]
    found += [(o.name, finding) for o in others for finding in split_findings(train, o)]
    found.sort(key=lambda pair: not pair[1].error)
    if as_json:
        shown = [{"split": name, **asdict(finding)} for name, finding in found]
        splits = list(map(_figures, surveys))
        print_json({"splits": splits, "findings": shown, "problems": unsound})
    else:
        for survey in surveys:
            _print_layers(survey)
        _print_labels(surveys, None if all_labels else _SHOWN)
        if found:
            msg.divider("findings")
        with redirect_stdout(sys.stderr if quiet else sys.stdout):
            _print_findings(found, strict)
    n_errors = sum(finding.error or strict for _, finding in found)
    warnings = counted(len(found) - n_errors, "<warning|warnings>")
    if n_errors:
        fail(f"{counted(n_errors, '<error|errors>')}, {warnings}")
    Printer(pretty=False).good("Sound" + (f", but for {warnings}" if found else ""))


def _load_encoder(name: str) -> WordpieceCounter:
    """Load the tokenizer of an encoder.

    RAISES: ConfigValidationError (a ValueError), OSError: there is no such encoder.
    """
    from ..models.pretrained import find_tokenizer

    return WordpieceCounter(find_tokenizer(name, f"--base-model {name}: "))


def _read(path: Path, survey: Survey, quiet: bool, as_json: bool) -> list[str]:
    """Give the Docs at a path to a survey, and print the problems of their semantic roles.

    RETURNS (list[str]): The problems.
    """
    found: list[str] = []
    vocab = spacy.blank("xx").vocab  # a bare one does not know white space
    for file in find_docbins(path):
        progress = doc_bar(read_docs(file, vocab), file.name, quiet)
        for number, doc in enumerate(progress, start=1):
            doc_id = doc.user_data.get("doc_id")
            name = f"document {number}" + (f" ({printable(str(doc_id))})" if doc_id else "")
            for problem in problems(doc):
                found.append(printable(f"{file}: {name}: {problem}", limit=None))
                if not as_json:
                    progress.write(found[-1], file=sys.stderr if quiet else sys.stdout)
            survey.add(doc)
    return found


def _figures(survey: Survey) -> dict[str, object]:
    """Return what a split holds, for machines."""
    layers = {
        name: {"words": layer.words, "sentences": layer.sentences, "labels": layer.labels}
        for name, layer in survey.layers.items()
    }
    counts = {"documents": survey.documents, "sentences": survey.sentences, "words": survey.words}
    frames = {"predicates": survey.rolesets.total(), "rolesets": len(survey.rolesets)}
    return {"name": survey.name, **counts, "layers": layers, **frames}


def _print_layers(survey: Survey) -> None:
    msg.divider(printable(survey.name))
    print(
        f"{counted(survey.documents, '<document|documents>')}, "
        f"{counted(survey.sentences, '<sentence|sentences>')}, "
        f"{counted(survey.words, '<word|words>')}\n"
    )
    rows = [
        (
            title,
            f"{layer.words:,}",
            share(layer.words, survey.words),
            f"{survey.words - layer.words:,}",
            f"{layer.sentences:,}",
            f"{survey.sentences - layer.sentences:,}",
            _labels(name, survey),
        )
        for name, title in TITLES.items()
        if (layer := survey.layers[name]).words or layer.in_part
    ]
    if rows:
        header = ("layer", "words", "known", "missing", "sentences", "missing", "labels")
        msg.table(rows, header=header, divider=True, aligns=("l", *"rrrrr", "l"))
    if in_part := survey.layers["ents"].in_part:
        print(
            f"entities: of {counted(in_part, '<word|words>')} "
            f"({share(in_part, survey.words)}) not annotated it is known that they belong to no "
            f"entity of some labels: {list_labels(survey.looked_for)}\n"
        )


def _labels(name: str, survey: Survey) -> str:
    labels = survey.layers[name].labels
    if name == "lemma":
        return ""
    if name == "srl":
        n_predicates = survey.rolesets.total()
        return (
            f"{n_predicates:,} predicates ({len(survey.rolesets):,} rolesets), "
            f"{labels.total():,} arguments ({len(labels):,} roles)"
        )
    return (
        f"{labels.total():,} entities ({len(labels):,})" if name == "ents" else f"{len(labels):,}"
    )


def _print_labels(surveys: Sequence[Survey], limit: int | None) -> None:
    """Print a table for each layer: its labels, and how often each occurs in each split."""
    for name in LABELLED:
        counts = [survey.layers[name].labels for survey in surveys]
        found: set[str] = set().union(*counts)
        labels = sorted(found, key=lambda label: ([-n[label] for n in counts], label))
        if not labels:
            continue
        rows = [
            (printable(label, limit=200), *(f"{n[label]:,}" for n in counts))
            for label in labels[:limit]
        ]
        if limit is not None and len(labels) > limit:
            rows.append((f"and {len(labels) - limit:,} more (--all)", *("" for _ in counts)))
        header = (TITLES[name], *(printable(Path(survey.name).name) for survey in surveys))
        aligns = ("l", *("r" for _ in counts))
        msg.table(rows, header=header, divider=True, aligns=aligns)


def _print_findings(findings: Sequence[tuple[str, Finding]], strict: bool) -> None:
    printer = Printer(pretty=False)  # one line each, however long
    for name, finding in findings:
        text = f"{printable(name, limit=None)}: {finding.message}"
        if finding.error or strict:
            printer.fail(text)
        else:
            printer.warn(text)
