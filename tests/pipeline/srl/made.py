"""Components, Docs and probabilities that are made up, so that no encoder is needed."""

import numpy as np
import spacy
from spacy.tokens import Doc

from spacy_seqtag.frames import GROUPS
from spacy_seqtag.models.role_pairs import RoleScores
from spacy_seqtag.pipeline.srl.pairs import make_pairs
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.rolesets import RolesetLexicon

ROLES = ("ARG0", "ARG1", "ARGM-TMP", "C-ARG1", "C-V", "R-ARG0")


def make_pipe(rolesets=(("gave", "give.01"), ("sold", "sell.01")), roles=ROLES, **config):
    """A component with labels; probabilities are made up, so no encoder is needed."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("seqtag_srl", config=config)
    for role in roles:
        pipe.add_label(role)
    pipe.lexicon = RolesetLexicon.from_pairs(rolesets)
    return nlp, pipe


def pairs_of(pipe, docs, predicates):
    """Pairs of the predicates at these tokens of each Doc."""
    at = [np.asarray(own, dtype=int) for own in predicates]
    return make_pairs(docs, at, pipe.lexicon, pipe.cfg["max_distance"])


def scores_of(pipe, docs, frames):
    """Scores in which these predicates and these arguments of theirs are likely.

    frames: a dict per Doc, from predicate to a list of (start, end, role, probability).
    """
    pairs = pairs_of(pipe, docs, [sorted(own) for own in frames])
    n_tags = len(pipe.classes)
    predicates = np.tile(np.asarray([[0.9, 0.1]], dtype="f"), (sum(map(len, docs)), 1))
    predicates[pairs.predicates] = [0.2, 0.8]
    there = pairs.rolesets >= 0
    rolesets = np.where(there, 1 / np.maximum(there.sum(1, keepdims=True), 1), 0)
    roles = np.zeros((int(pairs.lengths.sum()), n_tags), dtype="f")
    roles[:, 0] = 1.0
    offset = row = 0
    first = 0
    for doc, own in zip(docs, frames, strict=True):
        for predicate in sorted(own):
            for start, end, role, p in own[predicate]:
                for i in range(start, end):
                    label = pipe.labels.index(role)
                    tag = bio.begin_tag(label) if i == start else bio.inside_tag(label)
                    cell = first + offset + i - int(pairs.starts[row])
                    roles[cell, 0] = 1 - p
                    roles[cell, tag] = p
            first += int(pairs.lengths[row])
            row += 1
        offset += len(doc)
    return RoleScores(predicates, rolesets.astype("f"), roles, pairs)


def sents(vocab, *sentences):
    words = [word for sentence in sentences for word in sentence.split()]
    starts = [i == 0 for sentence in sentences for i in range(len(sentence.split()))]
    return Doc(vocab, words=words, sent_starts=starts)


def written(docs):
    """The spans of the Docs, and their scores in one list."""
    groups = [doc.spans[name] for doc in docs for name in GROUPS]
    spans = [[(s.start, s.end, s.label_, s.id_) for s in group] for group in groups]
    lists = [group.attrs.get(k, ()) for group in groups for k in ("scores", "roleset_scores")]
    return spans, [score for scores in lists for score in scores]
