"""Plant errors in a corpus, and count how many of them the top of an audit holds.

    python scripts/plant_errors.py plant train.spacy planted.spacy planted.jsonl --n 200
    python -m spacy seqtag audit MODEL planted.spacy --folds 5 -n 0 -o audit.jsonl
    python scripts/plant_errors.py count planted.jsonl audit.jsonl

A sentence gets at most one error of each layer, so `--n 200` gives 200 sentences with an error for
each layer that the corpus has.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path

import srsly
import typer
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab
from wasabi import msg

from spacy_seqtag.corpus.cut import sentence_bounds
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.docbin_write import DocBinWriter
from spacy_seqtag.files import new_folder, written_aside
from spacy_seqtag.frames import annotated_tokens, propositions, set_propositions

LAYERS = ("pos", "ents", "roles")

app = typer.Typer(no_args_is_help=True)


def plant_errors(docs: Sequence[Doc], n: int, seed: int, layers: Iterable[str] = LAYERS):
    """Plant errors as annotators make them: a wrong label, a missed span, a wrong boundary.

    docs (Sequence[Doc]): The corpus, changed in place.
    n (int): Errors of each layer; fewer where a layer has fewer sentences to plant one in.
    seed (int): Of all choices.
    layers (Iterable[str]): Some of `LAYERS`.
    RETURNS (list[dict[str, object]]): Of each error its layer, the number of its document and of
        its sentence, and what it is.
    """
    rng = random.Random(seed)
    planters = {"pos": _plant_pos, "ents": _plant_entity, "roles": _plant_role}
    planted = []
    for layer in layers:
        labels = _labels(docs, layer)
        places = [
            (i, number, start, end)
            for i, doc in enumerate(docs)
            for number, (start, end) in enumerate(sentence_bounds(doc))
        ]
        rng.shuffle(places)
        left = n
        for i, number, start, end in places:
            if not left:
                break
            what = planters[layer](docs[i], start, end, labels, rng)
            if what is not None:
                planted.append({"layer": layer, "document": i, "sentence": number, "what": what})
                left -= 1
    return planted


def count_found(planted, rows, share: float = 0.05) -> dict[str, tuple[int, int, int]]:
    """Count the errors that the first part of the list of each layer holds.

    planted (Iterable[dict]): From `plant_errors`.
    rows (Iterable[dict]): The JSONL of `audit`.
    share (float): Of the sentences of each layer.
    RETURNS (dict[str, tuple[int, int, int]]): For each component the errors that were found, all
        errors, and how many sentences the first part has.
    """
    lists = defaultdict(list)
    for row in rows:
        lists[row["layer"]].append(row)
    result = {}
    for component, own in lists.items():
        layer = next((known for known in LAYERS if _is_layer(component, known)), None)
        if layer is None:
            continue
        own.sort(key=lambda row: row["rank"])
        first = {(row["document"], row["sentence"]) for row in own[: ceil(share * len(own))]}
        errors = [(e["document"], e["sentence"]) for e in planted if e["layer"] == layer]
        if errors:
            result[component] = sum(error in first for error in errors), len(errors), len(first)
    return result


def _is_layer(component: str, layer: str) -> bool:
    return {"pos": "pos", "ents": "ner", "roles": "srl"}[layer] in component


def _labels(docs: Sequence[Doc], layer: str) -> Counter[str]:
    if layer == "pos":
        return Counter(token.pos_ for doc in docs for token in doc if token.pos_)
    if layer == "ents":
        return Counter(ent.label_ for doc in docs for ent in doc.ents)
    return Counter(a.role for doc in docs for prop in propositions(doc) for a in prop.arguments)


def _other(labels: Counter[str], label: str, rng: random.Random) -> str | None:
    """Draw another label, as often as each occurs."""
    rest = {name: n for name, n in labels.items() if name != label}
    return rng.choices(list(rest), list(rest.values()))[0] if rest else None


def _plant_pos(doc: Doc, start: int, end: int, labels, rng: random.Random) -> str | None:
    tokens = [token for token in doc[start:end] if token.pos_ and not token.is_punct]
    if not tokens or len(labels) < 2:
        return None
    token = rng.choice(tokens)
    before, token.pos_ = token.pos_, _other(labels, token.pos_, rng)
    return f"{token.text}: {before} -> {token.pos_}"


def _plant_entity(doc: Doc, start: int, end: int, labels, rng: random.Random) -> str | None:
    if not doc.has_annotation("ENT_IOB"):
        return None
    own = [ent for ent in doc.ents if start <= ent.start and ent.end <= end]
    if not own:
        return None
    ent = rng.choice(own)
    others = [other for other in doc.ents if other.start != ent.start]
    label = _other(labels, ent.label_, rng)
    changed = {"missed": [], "label": [Span(doc, ent.start, ent.end, label)] if label else []}
    if len(ent) > 1:
        changed["boundary"] = [Span(doc, ent.start + 1, ent.end, ent.label_)]
    kind = rng.choice([kind for kind, spans in changed.items() if spans or kind == "missed"])
    text, before = ent.text, ent.label_
    missing = [doc[i : i + 1] for i, token in enumerate(doc) if token.ent_iob == 0]
    doc.set_ents([*others, *changed[kind]], missing=missing, default="outside")
    return f"{text} ({before}): {kind}"


def _plant_role(doc: Doc, start: int, end: int, labels, rng: random.Random) -> str | None:
    props = propositions(doc)
    own = [
        (i, k)
        for i, prop in enumerate(props)
        if start <= prop.predicate < end
        for k in range(len(prop.arguments))
    ]
    if not own:
        return None
    which, k = rng.choice(own)
    argument = props[which].arguments[k]
    kinds = ["missed", "label"] + ["boundary"] * (argument.end - argument.start > 1)
    kind = rng.choice(kinds)
    changed = {
        "missed": [],
        "label": [argument._replace(role=_other(labels, argument.role, rng) or "ARG0")],
        "boundary": [argument._replace(start=argument.start + 1)],
    }[kind]
    arguments = [*props[which].arguments[:k], *changed, *props[which].arguments[k + 1 :]]
    props[which] = props[which]._replace(arguments=arguments)
    known = annotated_tokens(doc)
    stretches = [(a, b) for a, b in sentence_bounds(doc) if known[a]]
    set_propositions(doc, props, annotated=stretches)
    words = doc[argument.start : argument.end].text
    return f"{words} ({argument.role} of {doc[props[which].predicate].text}): {kind}"


@app.command()
def plant(
    corpus: Path = typer.Argument(..., help="Annotated .spacy file"),
    output: Path = typer.Argument(..., help=".spacy file with errors"),
    record: Path = typer.Argument(..., help="JSONL file that says where they are"),
    n: int = typer.Option(200, help="Errors of each layer"),
    seed: int = 0,
    layers: str = ",".join(LAYERS),
) -> None:
    """Plant errors in a corpus."""
    docs = list(read_docs(corpus, Vocab()))
    planted = plant_errors(docs, n, seed, layers.split(","))
    with new_folder(output.parent, output), DocBinWriter(output) as writer:
        for doc in docs:
            writer.add(doc)
    with written_aside(record) as file:
        file.writelines(f"{srsly.json_dumps(row)}\n".encode() for row in planted)
    n_by_layer = Counter(row["layer"] for row in planted)
    msg.good(f"{output}: " + ", ".join(f"{n} of {layer}" for layer, n in n_by_layer.items()))


@app.command()
def count(
    record: Path = typer.Argument(..., help="JSONL file of `plant`"),
    audit: Path = typer.Argument(..., help="JSONL file of `seqtag audit --output`"),
    share: float = typer.Option(0.05, help="Share of the list that somebody looks through"),
) -> None:
    """Count the planted errors that the first part of an audit holds."""
    found = count_found(list(srsly.read_jsonl(record)), srsly.read_jsonl(audit), share)
    rows = [
        (component, f"{right} of {n}", f"{right / n:.0%}", f"{first:,}")
        for component, (right, n, first) in found.items()
    ]
    msg.table(rows, header=("component", "found", "share", "sentences read"), divider=True)


if __name__ == "__main__":
    app()
