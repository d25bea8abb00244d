"""Scores as tables for a terminal."""

import warnings
from collections.abc import Mapping

from spacy.cli.evaluate import print_prf_per_type
from wasabi import msg

from ..errors import printable
from ..evaluation import Scores

# The rows of the first table: title and score, left out where the pipeline has none.
_METRICS = {
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
    "SENSE P": "srl_sense_p",
    "SENSE R": "srl_sense_r",
    "SENSE F": "srl_sense_f",
}
# The tables with a row for each label: title and score.
_PER_TYPE = {
    "POS": "pos_per_type",
    "TAG": "tag_per_type",
    "NER": "ents_per_type",
    "SRL": "srl_per_type",
}
# The rows of the table of calibration: title, and what the names of the scores begin with.
_CALIBRATED = {
    "POS": "pos",
    "TAG": "tag",
    "NER TAGS": "ents_tags",
    "ENTITIES": "ents",
    "PREDICATES": "predicates",
    "ROLESETS": "roleset",
    "SRL TAGS": "srl_tags",
    "ARGUMENTS": "srl",
    "  OF RIGHT PREDICATES": "srl_given",
}
_FIGURES = ("ece", "brier", "nll")
# Where the tokenizer finds a smaller share of the corpus's words, its scores mean little.
_FEW_WORDS = 0.9


def print_scores(scores: Scores, corpus: str) -> None:
    """Print the scores of an evaluation.

    scores (Scores): From `evaluate`.
    corpus (str): What was scored on, for the messages.
    """
    shown = {title: scores.get(key) for title, key in _METRICS.items()}
    rows = {title: f"{100 * x:.2f}" for title, x in shown.items() if isinstance(x, float)}
    msg.table({**rows, "SPEED": f"{scores['speed']:,.0f} words/s"}, title="Results")
    for title, key in _PER_TYPE.items():
        per_type = scores.get(key)
        if isinstance(per_type, dict) and per_type:
            # Long enough to keep labels apart that begin alike, such as addresses of classes.
            rows_of_labels = {printable(label, limit=200): prf for label, prf in per_type.items()}
            print_prf_per_type(msg, rows_of_labels, title, "type")
    print_calibration(("", scores))
    found = scores.get("gold_words_found")
    if isinstance(found, float) and found < 1.0:
        _print_found_words(found, corpus)


def print_calibration(*columns: tuple[str, Mapping[str, object]]) -> None:
    """Print how well confidences are calibrated, where that was measured.

    columns (tuple[str, Mapping[str, object]]): When it was measured, such as "before", and scores.
    """
    names = [key.removesuffix("_ece") for _, scores in columns for key in scores]
    titles = {name: title for title, name in _CALIBRATED.items()}
    own = {name: name for name in names if f"{name}_ece" in columns[0][1]}  # of other tasks
    rows = []
    for name in dict.fromkeys((*_CALIBRATED.values(), *own)):
        figures = [scores.get(f"{name}_{f}") for f in _FIGURES for _, scores in columns]
        if any(isinstance(figure, float) for figure in figures):
            shown = [f"{figure:.4f}" if isinstance(figure, float) else "-" for figure in figures]
            rows.append((titles.get(name, printable(name)), *shown))
    if rows:
        header = [f"{f.upper()} {when}".strip() for f in _FIGURES for when, _ in columns]
        aligns = ("l", *("r" for _ in header))
        msg.table(rows, header=("", *header), aligns=aligns, title="Calibration", divider=True)


def _print_found_words(found: float, corpus: str) -> None:
    text = (
        f"The pipeline's own tokenizer finds {found:.1%} of the words of {corpus}. The scores are "
        "for the corpus's words; --raw-text scores what the pipeline makes of a text."
    )
    if found < _FEW_WORDS:
        advice = "Take a tokenizer that cuts as the corpus does, or expect worse."
        warnings.warn(f"{text} {advice}", stacklevel=3)
    else:
        msg.info(text)
