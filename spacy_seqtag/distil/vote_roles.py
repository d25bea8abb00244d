"""The mean of what the teachers think of semantic roles.

The teachers agree on the predicates first, by the mean of their probabilities. Then each is asked
for the rolesets and roles of these, also of such as it would not have found.
"""

from collections.abc import Sequence
from itertools import pairwise, starmap
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Token
from thinc.types import Floats2d

from ..arrays import Floats, Ints
from ..confidence import use_span_extension
from ..models.role_pairs import Pairs, RoleScores
from ..pipeline.base import on_cpu
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.srl.decode import decode_arguments, make_proposition, write_propositions
from ..pipeline.srl.pairs import choose_predicates, make_pairs
from ..pipeline.srl.rolesets import Roleset, choose_roleset
from ..schemes.calibration import temper
from ..schemes.propositions import PREDICATE
from ..schemes.soft_rows import SoftRows
from ..soft_labels import PREDICATE_CLASSES, SoftRoles
from .teachers import Panel, Teacher
from .vote import mean_of, no_vectors, without

# A roleset that is less probable than this is as good as unknown.
_LEAST_ROLESET = 0.5


class RoleVote(NamedTuple):
    """What the teachers think of one Doc.

    predicates (SoftRows): Of each token, whether it is a predicate.
    roles (SoftRoles): Of each predicate.
    """

    predicates: SoftRows
    roles: SoftRoles


class RolesetVote(NamedTuple):
    """What the teachers think of the roleset of one predicate.

    written (Roleset): What is written, with its calibrated probability.
    score (float, 0 to 1): Its probability as the teachers give it.
    """

    written: Roleset
    score: float


def vote_roles(
    panel: Panel[SemanticRoleLabeller],
    teachers: Sequence[Teacher],
    docs: Sequence[Doc],
    own_docs: Sequence[list[Doc]],
    top: int,
    scores: Sequence[RoleScores] | None = None,
) -> list[RoleVote]:
    """Write the frames that the teachers agree on into the Docs, and return what they think.

    A roleset that is a guess, or hardly probable, is written as unknown (`V`). The confidences in
    the Docs are calibrated as the speaker is, like those of other layers; what is returned is not.

    panel (Panel): Of this layer.
    teachers (Sequence[Teacher]): All teachers.
    docs (Sequence[Doc]): A batch, without semantic roles, none of them empty.
    own_docs (Sequence[list[Doc]]): The same Docs as each teacher has them, with vectors.
    top (int): The most classes of a word that are kept.
    scores (Sequence[RoleScores] | None): From `agree`, where somebody has asked already.
    """
    scores = agree(panel, teachers, own_docs) if scores is None else scores
    sure = _mean_predicates(scores)
    pairs = scores[0].pairs
    roles = mean_of(panel, [np.asarray(own.roles) for own in scores])
    rolesets = [
        _roleset(panel, [_by_name(panel, scores, n, row) for n in range(len(scores))], token)
        for row, token in enumerate(_tokens_at(own_docs[panel.members[0][0]], pairs.predicates))
    ]
    found = decode_arguments(
        RoleScores(scores[0].predicates, scores[0].rolesets, cast(Floats2d, roles), pairs),
        np.concatenate([doc.to_array("IS_SPACE") == 1 for doc in docs]),
        panel.speaker.labels,
        max_pairs=panel.speaker.model.attrs["max_pairs"],
        unique_core_roles=panel.speaker.cfg["unique_core_roles"],
        temperature=panel.speaker.temperature("roles"),
        curve=panel.speaker.curve,
    )
    calibrated = temper(sure, panel.speaker.temperature("predicates"))[:, 1]
    name = panel.speaker.cfg["confidence"]
    extension = use_span_extension(name, panel.speaker.name) if name else None
    bounds = np.cumsum([0, *(len(doc) for doc in docs)])
    rows = np.searchsorted(pairs.predicates, bounds).tolist()
    votes = []
    for doc, (start, end), own in zip(
        docs, pairwise(bounds.tolist()), starmap(slice, pairwise(rows))
    ):
        at = pairs.predicates[own] - start
        chances = calibrated[pairs.predicates[own]].tolist()
        written = [vote.written for vote in rolesets[own]]
        props = zip(at.tolist(), chances, written, found[own])
        write_propositions(doc, [make_proposition(*prop, start) for prop in props], extension)
        votes.append(_vote(panel, sure[start:end], roles, pairs, own, rolesets, doc, start, top))
    return votes


def _vote(
    panel: Panel[SemanticRoleLabeller],
    sure: Floats,
    roles: Floats,
    pairs: Pairs,
    own: slice,
    rolesets: Sequence[RolesetVote],
    doc: Doc,
    offset: int,
    top: int,
) -> RoleVote:
    """Put together what is thought of one Doc.

    sure: of its tokens. own: the rows of its predicates. offset: where it begins in the batch.
    """
    first = np.cumsum([0, *pairs.lengths])
    at = pairs.predicates[own] - offset
    is_space = doc.to_array("IS_SPACE") == 1
    return RoleVote(
        SoftRows.from_dense(without(sure, is_space), PREDICATE_CLASSES, top),
        SoftRoles(
            at,
            pairs.starts[own] - offset,
            pairs.ends[own] - offset,
            sure[at, 1].astype(np.float64),
            np.asarray([vote.score for vote in rolesets[own]], dtype=np.float64),
            SoftRows.from_dense(
                roles[first[own.start] : first[own.stop]], list(panel.speaker.classes), top
            ),
        ),
    )


def _mean_predicates(scores: Sequence[RoleScores]) -> Floats:
    mean: Floats = np.mean([np.asarray(own.predicates) for own in scores], axis=0)
    return mean


def agree(
    panel: Panel[SemanticRoleLabeller], teachers: Sequence[Teacher], own_docs: Sequence[list[Doc]]
) -> list[RoleScores]:
    """Ask each member for the roles of the predicates that all agree on.

    panel (Panel): Of this layer.
    teachers (Sequence[Teacher]): All teachers.
    own_docs (Sequence[list[Doc]]): The same Docs as each teacher has them, with vectors.
    RETURNS (list[RoleScores]): Of each member, with the same predicates and pairs.
    RAISES: ConfigValidationError (a ValueError): A component had no vectors to read.
    """
    scores = []
    for number, member in panel.members:
        member.cfg["use_existing_predicates"] = False
        scores.append(member.predict(own_docs[number]))
        if np.isnan(np.asarray(scores[-1].predicates)).any():
            raise no_vectors(teachers[number], member)
    sure: Floats = _mean_predicates(scores)[:, 1]
    chosen = choose_predicates(own_docs[panel.members[0][0]], sure, use_existing=False)
    max_distance = panel.speaker.cfg["max_distance"]
    result = []
    for (number, member), own in zip(panel.members, scores):
        wanted = make_pairs(own_docs[number], chosen, member.lexicon, max_distance)
        result.append(own if _same(own.pairs, wanted) else _ask(member, own_docs[number], wanted))
    return result


def _same(first: Pairs, second: Pairs) -> bool:
    return (
        np.array_equal(first.predicates, second.predicates)
        and np.array_equal(first.starts, second.starts)
        and np.array_equal(first.ends, second.ends)
    )


def _ask(member: SemanticRoleLabeller, docs: list[Doc], pairs: Pairs) -> RoleScores:
    """Let a component say what it thinks of these pairs."""
    scores = member.model.predict((docs, lambda *_: pairs))
    ops = member.model.ops
    return RoleScores(
        on_cpu(ops, scores.predicates),
        on_cpu(ops, scores.rolesets),
        on_cpu(ops, scores.roles),
        pairs,
    )


def _tokens_at(docs: Sequence[Doc], at: Ints) -> list[Token]:
    ends = np.cumsum([len(doc) for doc in docs])
    numbers = np.searchsorted(ends, at, side="right").tolist()
    return [
        docs[n][int(token) - int(ends[n]) + len(docs[n])] for n, token in zip(numbers, at.tolist())
    ]


def _by_name(
    panel: Panel[SemanticRoleLabeller], scores: Sequence[RoleScores], n: int, row: int
) -> dict[str, float]:
    """Return the probabilities that a member gives to the rolesets of a predicate."""
    lexicon = panel.members[n][1].lexicon
    numbers: NDArray[np.int64] = scores[n].pairs.rolesets[row]
    probs = np.asarray(scores[n].rolesets)[row]
    return {
        lexicon.rolesets[number]: float(p)
        for number, p in zip(numbers.tolist(), probs.tolist())
        if number >= 0
    }


def _roleset(
    panel: Panel[SemanticRoleLabeller], opinions: Sequence[dict[str, float]], token: Token
) -> RolesetVote:
    """Choose the roleset that is the most probable on average, or none."""
    unknown = RolesetVote(Roleset(PREDICATE, 0.0, False), 0.0)
    total: dict[str, float] = {}
    for opinion in opinions:
        for name, p in opinion.items():
            total[name] = total.get(name, 0.0) + p / len(opinions)
    if not total:
        return unknown
    name = max(total, key=lambda name: total[name])
    lexicon = next(m.lexicon for _, m in panel.members if name in m.lexicon.rolesets)
    number = lexicon.rolesets.index(name)
    roleset = choose_roleset(lexicon, token, None, number, total[name])
    if roleset.score < _LEAST_ROLESET:
        return unknown
    probs = np.asarray([list(total.values())], dtype=np.float32)
    calibrated = float(temper(probs, panel.speaker.temperature("rolesets")).max())
    return RolesetVote(choose_roleset(lexicon, token, None, number, calibrated), roleset.score)
