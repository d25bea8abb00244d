"""`python -m spacy seqtag evaluate`: score a pipeline on the corpus's own words."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from timeit import default_timer
from typing import Any

import srsly
import typer
from spacy import util
from spacy.cli._util import setup_gpu
from spacy.cli.evaluate import print_prf_per_type
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed
from wasabi import msg

from ..errors import printable
from ..frames import PREDICATES, has_frames, span_groups
from ..report.render import render_entities, render_html
from ..schemes.propositions import PREDICATE
from . import fail, save, seqtag

# Title and score of each row of the table, where the pipeline has it.
METRICS = {
    "TOK": "token_acc",
    "TAG": "tag_acc",
    "POS": "pos_acc",
    "NER P": "ents_p",
    "NER R": "ents_r",
    "NER F": "ents_f",
    "SENT P": "sents_p",
    "SENT R": "sents_r",
    "SENT F": "sents_f",
    "PRED P": "predicates_p",
    "PRED R": "predicates_r",
    "PRED F": "predicates_f",
    "ROLESET": "roleset_acc",
    "SRL P": "srl_p",
    "SRL R": "srl_r",
    "SRL F": "srl_f",
}
# Title and key of the tables with a row a label.
PER_TYPE = {"POS": "pos", "TAG": "tag", "NER": "ents", "SRL": "srl"}

# Components of this factory can be given their predicates.
SRL_FACTORY = "seqtag_srl"
# Where the tokenizer finds a smaller share of the corpus's words, its scores mean little.
_FEW_WORDS = 0.9
# Documents in an HTML file.
_SHOWN = 25


@seqtag.command("evaluate")
def evaluate_cli(
    model: str = typer.Argument(..., help="Pipeline: package name or folder"),
    data: Path = typer.Argument(..., help="Corpus in .spacy format"),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="JSON file for the scores", dir_okay=False
    ),
    predictions: Path | None = typer.Option(
        None, "--predictions", help=".spacy file for the annotated Docs", dir_okay=False
    ),
    displacy_path: Path | None = typer.Option(
        None,
        "--displacy",
        help="HTML file NAME.html for the entities of the first Docs; their frames, where the "
        "pipeline gives any, go to NAME-srl.html",
        dir_okay=False,
    ),
    gold_tokens: bool = typer.Option(
        True, "--gold-tokens/--raw-text", help="Annotate the corpus's own words, or its raw text"
    ),
    sent_starts: bool = typer.Option(
        True,
        "--sent-starts/--no-sent-starts",
        help="Give the corpus's sentence boundaries, too (with --gold-tokens)",
    ),
    gold_predicates: bool = typer.Option(
        False,
        "--gold-predicates",
        help="Give the corpus's predicates, too, without their rolesets (with --gold-tokens), and "
        "let the semantic role labeller find the rest",
    ),
    allow_unknown_labels: bool = typer.Option(
        False,
        "--allow-unknown-labels",
        help="Count labels that the pipeline does not know as missed instead of failing",
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU, or -1 for CPU"),
) -> None:
    """Score a trained pipeline on a corpus.

    Unlike `spacy evaluate` it can keep the words and sentences of the corpus and still read whole
    documents. Scores have spaCy's names.
    """
    frames_path = None
    if displacy_path is not None:
        frames_path = displacy_path.with_name(f"{displacy_path.stem}-srl{displacy_path.suffix}")
    outputs = [("--output", output), ("--predictions", predictions)]
    outputs += [("--displacy", displacy_path), ("--displacy", frames_path)]
    try:
        _check_outputs(outputs, data)
        scores, docs = evaluate(
            model,
            data,
            gold_tokens=gold_tokens,
            sent_starts=sent_starts,
            gold_predicates=gold_predicates,
            allow_unknown_labels=allow_unknown_labels,
            gpu_id=gpu_id,
        )
    except (ValueError, OSError) as err:
        fail(getattr(err, "title", None) or err)
    _print_scores(scores)
    if scores.get("gold_words_found") is not None:
        _print_found_words(scores["gold_words_found"], data)
    try:
        if predictions is not None:
            save(predictions, DocBin(docs=docs, store_user_data=True).to_bytes())
            msg.good(f"Saved annotated documents to {predictions}")
        if displacy_path is not None:
            save(displacy_path, render_entities(docs[:_SHOWN]).encode("utf8"))
            msg.good(f"Saved entities to {displacy_path}")
        if frames_path is not None and any(map(has_frames, docs)):
            save(frames_path, render_html(docs[:_SHOWN]).encode("utf8"))
            msg.good(f"Saved frames to {frames_path}")
        if output is not None:
            save(output, srsly.json_dumps(scores, indent=2).encode("utf8"))
            msg.good(f"Saved results to {output}")
    except OSError as err:
        fail(err)


def evaluate(
    model: str,
    data: Path,
    *,
    gold_tokens: bool = True,
    sent_starts: bool = True,
    gold_predicates: bool = False,
    allow_unknown_labels: bool = False,
    gpu_id: int = -1,
) -> tuple[dict[str, Any], list[Doc]]:
    """Annotate a corpus and score the result, as the command does; see there for the arguments.

    RETURNS: The scores of `Language.evaluate`, and the annotated Docs in the corpus's order. With
        `gold_tokens` there is one more score, `gold_words_found`: the share of the corpus's words
        that the pipeline's own tokenizer finds in the raw text (None where spaces are unknown).

    Raises ValueError for a corpus that cannot be read or is empty, whose labels the pipeline does
    not know, or that has no predicates to give; OSError for a pipeline that cannot be found.
    """
    from ..corpus.reader import create_corpus

    if gold_predicates and not gold_tokens:
        raise ValueError(
            "--gold-predicates: the corpus's predicates are given on its own words, which "
            "--raw-text leaves out. Use one of the two."
        )
    fix_random_seed()
    setup_gpu(gpu_id, silent=True)
    corpus = create_corpus(data, gold_tokens=gold_tokens, sent_starts=sent_starts)
    nlp = util.load_model(model)
    examples = list(corpus(nlp))
    if not allow_unknown_labels:
        _check_labels(nlp, examples, data)
    if gold_predicates:
        give_predicates(nlp, examples, data)
    # As `Language.evaluate`, which scores copies and so loses the annotated Docs.
    start = default_timer()
    docs = list(nlp.pipe(example.predicted for example in examples))
    seconds = default_timer() - start
    for example, doc in zip(examples, docs):
        example.predicted = doc
    scores = Scorer(nlp).score(examples)
    scores["speed"] = sum(len(doc) for doc in docs) / seconds
    if gold_tokens:
        scores["gold_words_found"] = _found_words(nlp, examples)
    return scores, docs


def give_predicates(nlp: Language, examples: Sequence[Example], data: Path) -> None:
    """Give gold predicates to the Docs to annotate, and let the pipeline's labellers use them.

    Their rolesets are not given: all get the label `V`. Both Docs of an example have the same
    words. data: the corpus, for the messages.

    Raises ValueError for a pipeline without a semantic role labeller, and for a corpus without
    semantic roles.
    """
    labellers = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == SRL_FACTORY]
    if not labellers:
        raise ValueError(
            f"--gold-predicates: the pipeline has no component of the factory {SRL_FACTORY!r} "
            f"(only {', '.join(nlp.pipe_names)}). Give a pipeline that labels semantic roles, or "
            "leave the option out."
        )
    annotated = [example for example in examples if has_frames(example.reference)]
    if not annotated:
        raise ValueError(
            f"{data}: no document has semantic roles (doc.spans[{PREDICATES!r}]). Add that layer "
            "with 'python -m spacy seqtag convert', or leave out --gold-predicates."
        )
    for example in annotated:
        example.predicted.spans[PREDICATES] = [
            Span(example.predicted, span.start, span.end, label=PREDICATE)
            for span in span_groups(example.reference).get(PREDICATES, ())
        ]
    for name in labellers:
        labeller: Any = nlp.get_pipe(name)
        labeller.cfg["use_existing_predicates"] = True


def _found_words(nlp: Language, examples: Iterable[Example]) -> float | None:
    """The share of the corpus's words that the tokenizer finds in the raw text, 0 to 1; None where
    the spaces between them are unknown."""
    references = [eg.reference for eg in examples if not eg.reference.has_unknown_spaces]
    # Not `make_doc`, which refuses long texts.
    tokenized = [Example(nlp.tokenizer(reference.text), reference) for reference in references]
    return Scorer.score_tokenization(tokenized)["token_r"]


def _print_found_words(found: float, data: Path) -> None:
    if found == 1.0:
        return
    text = (
        f"The pipeline's own tokenizer finds {found:.1%} of the words of {data}. The scores are "
        "for the corpus's words; --raw-text scores what the pipeline makes of a text."
    )
    if found < _FEW_WORDS:
        msg.warn(f"{text} Take a tokenizer that cuts as the corpus does, or expect worse.")
    else:
        msg.info(text)


def _print_scores(scores: dict[str, Any]) -> None:
    rows = {
        title: f"{scores[key] * 100:.2f}"
        for title, key in METRICS.items()
        if isinstance(scores.get(key), float)
    }
    rows["SPEED"] = f"{scores['speed']:.0f}"
    msg.table(rows, title="Results")
    for title, key in PER_TYPE.items():
        per_type = scores.get(f"{key}_per_type")
        if per_type:
            # Long enough to keep labels apart that begin alike, such as addresses of classes.
            shown = {printable(label, limit=200): score for label, score in per_type.items()}
            print_prf_per_type(msg, shown, title, "type")


def _check_outputs(outputs: Iterable[tuple[str, Path | None]], data: Path) -> None:
    """Raises ValueError where a file would replace the corpus or another file of this run.

    outputs: the files with the options that name them.
    """
    taken = {data.resolve(): f"the corpus {data}"}
    for option, path in outputs:
        if path is None:
            continue
        if path.resolve() in taken:
            raise ValueError(
                f"{option} {path}: this would replace {taken[path.resolve()]}. Give the output "
                "another name."
            )
        taken[path.resolve()] = f"the file of {option}"


def _check_labels(nlp: Language, examples: list[Example], data: Path) -> None:
    from ..pipeline.base import Tagger

    for name, component in nlp.pipeline:
        if not isinstance(component, Tagger):
            continue
        found = {label for eg in examples for label in component.find_labels(eg.reference)}
        unknown = sorted(found.difference(component.labels))
        if unknown:
            raise ValueError(
                f"{data}: the component {name!r} has never seen these labels in training: "
                f"{', '.join(map(printable, unknown))}. Use a corpus with the pipeline's labels "
                f"({', '.join(map(printable, component.labels))}), or count them as missed with "
                "--allow-unknown-labels."
            )
