"""From raw text to sentences with what pipelines think of them, a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span

from ..arrays import Floats, Ints, concat_ranges
from ..corpus.cut import Place, rows_within, sentence_bounds
from ..distil.annotate import in_batches
from ..distil.raw_text import RawText
from ..distil.teachers import AnyTagger, Panel, Panels, Teacher, memory_zones
from ..distil.vote import Predictions, align_classes, ask_each, copy_words, mean_of, vote
from ..distil.vote_roles import agree, vote_roles
from ..frames import get_frames
from ..models.role_pairs import RoleScores
from ..pipeline.base import on_cpu
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.token_tagger import TokenTagger
from ..schemes.calibration import temper
from .sentence import Sentence, read_entities, read_frame, read_tags, read_words
from .uncertainty import Doubles, disagreements, entropies

# Nobody reads soft labels here.
_TOP = 1


@dataclass
class Asked:
    """A batch of Docs that pipelines have read.

    own_docs (list[list[Doc]]): As each pipeline has them, with vectors.
    predictions (list[Predictions]): The probabilities of each pipeline.
    vectors (list[Floats]): Of each Doc, (tokens, width).
    """

    own_docs: list[list[Doc]]
    predictions: list[Predictions]
    vectors: list[Floats]


@dataclass
class Opinion:
    """What is thought of one layer of a batch, as rows that belong to tokens.

    docs, tokens (int64, (rows,)): The Doc of each row, and the token that it is about.
    uncertainty, disagreement (float64, (rows,)): From 0 to 1.
    """

    docs: Ints
    tokens: Ints
    uncertainty: Doubles
    disagreement: Doubles


def ask_all(teachers: Sequence[Teacher], panels: Panels, texts: Sequence[RawText]) -> Asked:
    """Let all pipelines read a batch of texts.

    teachers (Sequence[Teacher]): The first sets words and sentence boundaries for all.
    panels (Panels): Of their components.
    texts (Sequence[RawText]): A batch, none of them empty.
    """
    own_docs, predictions = ask_each(teachers, texts)
    member: AnyTagger
    if panels.tokens:
        number, member = panels.tokens[0].members[0]
    else:
        assert panels.roles is not None  # `load_teachers` wants a component
        number, member = panels.roles.members[0]
    found_vectors = member.model.get_ref("tok2vec").predict(own_docs[number])
    vectors = [np.asarray(on_cpu(member.model.ops, own)) for own in found_vectors]
    return Asked(own_docs, predictions, vectors)


def find_candidates(
    teachers: Sequence[Teacher], panels: Panels, texts: Iterable[RawText]
) -> Iterator[Sentence]:
    """Yield the sentences of raw text, annotated and with their uncertainty; `score` is 0.

    teachers (Sequence[Teacher]): The pipelines.
    panels (Panels): Of their components, those of the layers that count.
    texts (Iterable[RawText]): Raw text, which is read a batch at a time.
    """
    for batch in in_batches(texts):
        with memory_zones(teachers):
            asked = ask_all(teachers, panels, batch)
            docs = copy_words(asked.own_docs[0], teachers[0].nlp.vocab)
            opinions = {
                panel.layer: _of_tokens(panel, docs, asked.predictions) for panel in panels.tokens
            }
            for panel in panels.tokens:
                vote(panel, docs, asked.predictions, _TOP)
            if panels.roles is not None:
                scores = agree(panels.roles, teachers, asked.own_docs)
                opinions["roles"] = _of_roles(panels.roles, docs, scores)
                vote_roles(panels.roles, teachers, docs, asked.own_docs, _TOP, scores)
            for number, doc in enumerate(docs):
                yield from _sentences(panels, asked, opinions, number, doc)


def sentence_vectors(
    teachers: Sequence[Teacher], panels: Panels, texts: Iterable[RawText]
) -> Iterator[Floats]:
    """Yield the vectors of sentences, a batch at a time.

    YIELDS (float32, (sentences, width)): The mean of each sentence's words.
    """
    for batch in in_batches(texts):
        with memory_zones(teachers):
            asked = ask_all(teachers, panels, batch)
            yield np.asarray(
                [
                    vectors[start:end].mean(axis=0)
                    for doc, vectors in zip(asked.own_docs[0], asked.vectors)
                    for start, end in sentence_bounds(doc)
                ]
            )


def trimmed(doc: Doc, start: int, end: int) -> Span:
    """Return a sentence without the whitespace at its ends, which may be all of it."""
    while start < end and doc[start].is_space:
        start += 1
    while start < end and doc[end - 1].is_space:
        end -= 1
    return doc[start:end]


def _sentences(
    panels: Panels, asked: Asked, opinions: dict[str, Opinion], number: int, doc: Doc
) -> Iterator[Sentence]:
    """Yield the sentences of one Doc of a batch."""
    sure = {
        panel.layer: _sure(
            panel, [asked.predictions[n][panel.layer][number] for n, _ in panel.members]
        )
        for panel in panels.tokens
        if panel.layer in ("pos", "tag")
    }
    spans = [trimmed(doc, start, end) for start, end in sentence_bounds(doc)]
    sents = [sent for sent in spans if len(sent)]
    if not sents:
        return
    bounds = [(sent.start, sent.end) for sent in sents]
    means = {layer: _means(own, number, bounds) for layer, own in opinions.items()}
    # A text may have thousands of sentences: each takes its part of what was sorted once.
    ents, frames = doc.ents, get_frames(doc) if panels.roles is not None else []
    own_ents = rows_within([(ent.start, ent.end) for ent in ents], bounds)
    places = [(frame.predicate.start, frame.predicate.start + 1) for frame in frames]
    own_frames = rows_within(places, bounds)
    for n, sent in enumerate(sents):
        sentence = Sentence(
            sent.text,
            read_words(sent),
            0.0,
            {layer: own[0][n] for layer, own in means.items()},
            {layer: own[1][n] for layer, own in means.items()},
            asked.vectors[number][sent.start : sent.end].mean(axis=0),
        )
        for panel in panels.tokens:
            if panel.layer == "ents":
                own = [ents[row] for row in own_ents[n]]
                sentence.entities = read_entities(sent, own, panel.speaker.cfg["confidence"])
            elif panel.layer in sure:
                sentence.tags[panel.layer] = read_tags(sent, panel.layer, sure[panel.layer])
        if panels.roles is not None:
            sentence.frames = [read_frame(frames[row], sent) for row in own_frames[n]]
        yield sentence


def _sure(panel: Panel[TokenTagger], members: Sequence[Floats]) -> Floats:
    """Return the probability of the most probable class of each token, on average."""
    probs = temper(mean_of(panel, members), panel.speaker.temperature("tags"))
    best: Floats = probs.max(axis=1, initial=0.0)
    return best


def _of_tokens(
    panel: Panel[TokenTagger], docs: Sequence[Doc], predictions: Sequence[Predictions]
) -> Opinion:
    """Say how sure the members are of each token but whitespace, and how far apart they are."""
    own = [np.concatenate(predictions[n][panel.layer]) for n, _ in panel.members]
    arrays = list(align_classes(panel, own))
    lengths = [len(doc) for doc in docs]
    numbers = np.repeat(np.arange(len(docs)), lengths)
    tokens = concat_ranges(np.zeros(len(docs), dtype=np.int64), np.asarray(lengths))
    solid = np.concatenate([doc.to_array("IS_SPACE") == 0 for doc in docs])
    unsure = entropies(np.mean(arrays, axis=0))
    return Opinion(numbers[solid], tokens[solid], unsure[solid], disagreements(arrays)[solid])


def _of_roles(
    panel: Panel[SemanticRoleLabeller], docs: Sequence[Doc], scores: Sequence[RoleScores]
) -> Opinion:
    """Say the same of whether words are predicates, and of each pair of predicate and word."""
    pairs = scores[0].pairs
    words = [np.asarray(own.predicates) for own in scores]
    own_words = np.arange(len(words[0]))
    roles = list(align_classes(panel, [np.asarray(own.roles) for own in scores]))
    # A pair counts for its predicate: pairs do not leave the sentence.
    at = np.concatenate([own_words, np.repeat(pairs.predicates, pairs.lengths)])
    about = np.concatenate([own_words, concat_ranges(pairs.starts, pairs.lengths)])
    solid = np.concatenate([doc.to_array("IS_SPACE") == 0 for doc in docs])[about]
    unsure = [entropies(np.mean(words, axis=0)), entropies(np.mean(roles, axis=0))]
    apart = [disagreements(words), disagreements(roles)]
    starts = np.cumsum([0, *(len(doc) for doc in docs)])
    numbers = np.searchsorted(starts, at, side="right") - 1
    return Opinion(
        numbers[solid],
        (at - starts[numbers])[solid],
        np.concatenate(unsure)[solid],
        np.concatenate(apart)[solid],
    )


def _means(
    opinion: Opinion, number: int, bounds: Sequence[Place]
) -> tuple[list[float], list[float]]:
    """Return the mean uncertainty and disagreement of the rows of each sentence; 0 without rows.

    number (int): Of the Doc.
    bounds (Sequence[Place]): Where its sentences begin and end, in order.
    """
    edges = np.asarray(bounds, dtype=np.int64).reshape(-1, 2)
    rows = np.flatnonzero(opinion.docs == number)
    at = np.searchsorted(edges[:, 0], opinion.tokens[rows], side="right") - 1
    inside = (at >= 0) & (opinion.tokens[rows] < edges[at, 1])
    rows, at = rows[inside], at[inside]
    n_rows = np.maximum(np.bincount(at, minlength=len(edges)), 1)
    uncertainty, disagreement = (
        np.bincount(at, values[rows], minlength=len(edges)) / n_rows
        for values in (opinion.uncertainty, opinion.disagreement)
    )
    return uncertainty.tolist(), disagreement.tolist()
