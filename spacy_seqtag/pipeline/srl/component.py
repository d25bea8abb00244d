"""Semantic roles: predicates with their rolesets, and their arguments as labelled spans."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ...confidence import CONFIDENCE, use_span_extension
from ...errors import Whole, check_settings
from ...frames import (
    ARGUMENTS,
    PARTS,
    PREDICATES,
    annotated_tokens,
    get_frames,
    predicate_of,
    propositions,
    set_propositions,
    span_groups,
)
from ...models.role_tagger import Pairs, RoleInput, RoleScores
from ...ranges import concat_ranges
from ...schemes import bio
from ...schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition
from ...schemes.rolesets import RolesetLexicon
from ..token_tagger import DEFAULT_MODEL, MISSING, TokenTagger, unit_starts, was_read
from .score import solid_offsets, srl_score

Ints = NDArray[np.int64]

CORE_ROLES = ("ARG0", "ARG1", "ARG2", "ARG3", "ARG4", "ARG5")
_CONTINUES = "C-"

default_model_config = """
[model]
@architectures = "spacy_seqtag.RoleTagger.v1"
width = 192
depth = 1
heads = 4
dropout = 0.1
max_pairs = 32768
precision = "auto"
nO = null
"""


@Language.factory(
    "seqtag_srl",
    assigns=["doc.spans"],
    default_config={
        "model": {
            **Config().from_str(default_model_config)["model"],
            "tok2vec": DEFAULT_MODEL["tok2vec"],
        },
        "use_existing_predicates": False,
        "unique_core_roles": True,
        "max_distance": 200,
        "label_smoothing": 0.0,
        "confidence": CONFIDENCE,
        "scorer": {"@scorers": "spacy_seqtag.srl_scorer.v1"},
    },
    default_score_weights={
        "srl_f": 1.0,
        "srl_p": 0.0,
        "srl_r": 0.0,
        "srl_per_type": None,
        "predicates_f": 0.0,
        "predicates_p": 0.0,
        "predicates_r": 0.0,
        "roleset_acc": 0.0,
    },
)
def make_role_tagger(
    nlp: Language,
    name: str,
    model: Model[RoleInput, RoleScores],
    use_existing_predicates: bool,
    unique_core_roles: bool,
    max_distance: int,
    label_smoothing: float,
    confidence: str | None,
    scorer: Callable | None,
) -> "RoleTagger":
    """Create a semantic role labeller.

    model (Model): Docs to `RoleScores`, see `spacy_seqtag.RoleTagger.v1`.
    use_existing_predicates (bool): Where a Doc has `doc.spans["predicates"]`, find the roles of
        those predicates instead of finding predicates; a roleset that one has is kept, unless it
        is `V` (not known).
    unique_core_roles (bool): Of several arguments of one predicate with the same core role
        (ARG0 to ARG5) keep the most probable; what continues one (`C-`) is no other.
    max_distance (int): Arguments are looked for at most this many tokens from the predicate, and
        within its sentence where sentence boundaries are known.
    label_smoothing (float): See `TokenTagger`; of the role tags.
    confidence (Optional[str]): Span extension that gets the probability of each argument and
        predicate (`span._.confidence`), as `attrs["scores"]` of the groups have them, too; None for
        none.
    scorer (Optional[Callable]): The scoring method.
    """
    return RoleTagger(
        nlp.vocab,
        model,
        name,
        use_existing_predicates=use_existing_predicates,
        unique_core_roles=unique_core_roles,
        max_distance=max_distance,
        label_smoothing=label_smoothing,
        confidence=confidence,
        scorer=scorer,
    )


@registry.scorers("spacy_seqtag.srl_scorer.v1")
def make_srl_scorer() -> Callable:
    """Scorer of `seqtag_srl`: `srl_p/r/f`, `srl_per_type`, `predicates_p/r/f`, `roleset_acc`."""
    return srl_score


@dataclass
class GoldPairs(Pairs):
    """Pairs of the gold predicates, with the right classes (or MISSING) of a batch.

    is_predicate: one a word. roleset: one a predicate, a column of `rolesets`. role: one a pair.
    """

    is_predicate: Ints
    roleset: Ints
    role: Ints


class RoleTagger(TokenTagger):
    """Semantic role labeller; the settings are those of the factory `seqtag_srl`.

    Writes `doc.spans["predicates"]`, `doc.spans["srl"]` and what else `spacy_seqtag.frames`
    describes; `doc._.frames` shows them as frames. The labels are the roles; `C-V` among them is
    what continues a predicate. The rolesets are not labels: an unknown one is not learned.
    """

    annotation = "semantic roles (doc.spans['predicates'], doc.spans['srl'])"
    learned = ("labels", "lexicon")

    def __init__(
        self,
        vocab: Vocab,
        model: Model[RoleInput, RoleScores],
        name: str = "seqtag_srl",
        *,
        use_existing_predicates: bool = False,
        unique_core_roles: bool = True,
        max_distance: int = 200,
        label_smoothing: float = 0.0,
        confidence: str | None = CONFIDENCE,
        scorer: Callable | None = srl_score,
    ) -> None:
        check_settings(f"[components.{name}]", max_distance=(max_distance, Whole(1)))
        super().__init__(
            vocab,
            model,  # type: ignore[arg-type]
            name,
            scorer=scorer,
            label_smoothing=label_smoothing,
            use_existing_predicates=use_existing_predicates,
            unique_core_roles=unique_core_roles,
            max_distance=max_distance,
            confidence=confidence,
            lexicon=RolesetLexicon().to_dict(),
        )
        if confidence:
            use_span_extension(confidence, name)
        self._lexicon = RolesetLexicon(vocab.lang)

    @property
    def classes(self) -> Sequence[str]:
        return bio.bio_tags(self.labels)

    @property
    def lexicon(self) -> RolesetLexicon:
        """The rolesets that training saw, by word form."""
        return self._lexicon

    @lexicon.setter
    def lexicon(self, lexicon: RolesetLexicon) -> None:
        self._lexicon = lexicon
        self.cfg["lexicon"] = lexicon.to_dict()

    @property
    def label_data(self) -> Any:
        return {"roles": self.labels, "rolesets": self.cfg["lexicon"]}

    def find_labels(self, reference: Doc) -> Iterable[str]:
        groups = (reference.spans.get(name, ()) for name in (ARGUMENTS, PARTS))
        return {span.label_ for group in groups for span in group if span.label_}

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Any = None,
    ) -> None:
        """Initialize the component for training; see `TokenTagger.initialize`.

        labels (Optional[dict]): Roles and rolesets, from `spacy init labels`.
        """
        if labels is None:
            pairs = (
                (span.text, span.label_)
                for example in get_examples()
                for span in span_groups(example.reference).get(PREDICATES, ())
                if span.label_ not in ("", PREDICATE)
            )
            self.lexicon = RolesetLexicon.from_pairs(pairs, self.vocab.lang)
        else:
            self.lexicon = RolesetLexicon.from_dict(labels["rolesets"], self.vocab.lang)
        roles = None if labels is None else labels["roles"]
        n_rolesets = max(1, len(self.lexicon.rolesets))
        self.model.get_ref("roleset_layer").set_dim("nO", n_rolesets, force=True)
        super().initialize(get_examples, nlp=nlp, labels=roles)

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> RoleScores:  # type: ignore[override]
        """Probabilities for a batch of Docs laid end to end, see `RoleScores`; on the CPU.

        Those of predicates are NaN where the encoder did not read a Doc, see `TokenTagger.predict`.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            none: Any = np.zeros((0, 2), dtype="f")
            rolesets: Any = np.zeros((0, 0), dtype="f")
            roles: Any = np.zeros((0, len(self.classes)), dtype="f")
            return RoleScores(none, rolesets, roles, self._pairs([]))
        self.require_weights()
        model: Model = self.model
        scores: RoleScores = model.predict((docs, self._choose_pairs))
        to_numpy = model.ops.to_numpy
        predicates = to_numpy(scores.predicates)
        if unread := self.unread(docs):
            predicates = predicates.copy()
            ends = np.cumsum([len(doc) for doc in docs])
            for i in unread:
                predicates[ends[i] - len(docs[i]) : ends[i]] = np.nan
        return RoleScores(
            predicates,
            to_numpy(scores.rolesets),
            to_numpy(scores.roles),
            scores.pairs,
        )

    def _choose_pairs(self, docs: list[Doc], probs: NDArray[np.float32]) -> Pairs:
        """The predicates that a Doc has already, or those more probable than not."""
        chosen: list[tuple[Doc, Ints]] = []
        offset = 0
        for doc in docs:
            if self._has_predicates(doc):
                given = span_groups(doc)[PREDICATES]
                found = sorted({span.start for span in given if len(span)})
                at = np.asarray(found, dtype=np.int64)
            else:
                is_space = doc.to_array("IS_SPACE") == 1
                at = np.flatnonzero((probs[offset : offset + len(doc)] > 0.5) & ~is_space)
            chosen.append((doc, at))
            offset += len(doc)
        return self._pairs(chosen)

    def _has_predicates(self, doc: Doc) -> bool:
        return self.cfg["use_existing_predicates"] and PREDICATES in doc.spans

    def _pairs(self, chosen: Iterable[tuple[Doc, Ints]]) -> Pairs:
        """Pairs of the predicates at these tokens with the words in their reach."""
        predicates, starts, ends, forms = [], [], [], []
        offset = 0
        reach = self.cfg["max_distance"]
        for doc, at in chosen:
            first = np.flatnonzero(unit_starts(doc))
            after = np.append(first[1:], len(doc))
            unit = np.searchsorted(first, at, side="right") - 1
            predicates.append(at + offset)
            starts.append(np.maximum(first[unit], at - reach) + offset)
            ends.append(np.minimum(after[unit], at + reach + 1) + offset)
            forms += [(doc[i].text, doc[i].lemma_) for i in at.tolist()]
            offset += len(doc)
        candidates = [self.lexicon.candidates(form, lemma) for form, lemma in forms]
        rolesets = np.full((len(forms), max(map(len, candidates), default=0)), -1, dtype=np.int64)
        for row, numbers in enumerate(candidates):
            rolesets[row, : len(numbers)] = numbers
        return Pairs(_join(predicates), _join(starts), _join(ends), rolesets)

    def set_annotations(self, docs: Iterable[Doc], scores: RoleScores) -> None:
        """Decode the probabilities and write the span groups, with confidences.

        scores: from `predict`. The whole Doc counts as annotated.
        """
        docs = list(docs)
        name = self.cfg["confidence"]
        confidence = use_span_extension(name, self.name) if name else None
        pairs = scores.pairs
        best, sure = _best_rolesets(scores)
        arguments = self._decode(docs, scores)
        bounds = np.cumsum([0, *(len(doc) for doc in docs)])
        rows = np.searchsorted(pairs.predicates, bounds)
        for i, doc in enumerate(docs):
            offset = int(bounds[i])
            if len(doc) and not was_read(scores.predicates[offset : offset + len(doc)]):
                continue
            given = {}
            if self._has_predicates(doc):
                given = {frame.predicate.start: frame for frame in get_frames(doc)}
            props, predicate_scores, argument_scores = [], [], []
            roleset_scores, roleset_known = [], []
            for row in range(int(rows[i]), int(rows[i + 1])):
                at = int(pairs.predicates[row]) - offset
                if at in given and given[at].roleset not in ("", PREDICATE):
                    roleset, score, known = given[at].roleset, 1.0, given[at].roleset_known
                else:
                    form, lemma = doc[at].text, doc[at].lemma_
                    score, known = self.lexicon.certainty(form, lemma), bool(best[row] >= 0)
                    if known:
                        roleset = self.lexicon.rolesets[best[row]]
                        score *= sure[row]
                    else:
                        roleset = self.lexicon.guess(form, lemma)
                found = [
                    (Argument(a.start - offset, a.end - offset, a.role), p)
                    for a, p in arguments[row]
                ]
                own = [pair for pair in found if pair[0].role != PREDICATE_PART]
                parts = [(a.start, a.end) for a, _ in found if a.role == PREDICATE_PART]
                props.append(Proposition(at, roleset, [a for a, _ in own], parts))
                argument_scores.append([p for _, p in own])
                predicate_scores.append(
                    1.0 if at in given else float(scores.predicates[at + offset, 1])
                )
                roleset_scores.append(score)
                roleset_known.append(known)
            starts = [*np.flatnonzero(unit_starts(doc)).tolist(), len(doc)]
            set_propositions(
                doc,
                props,
                annotated=pairwise(starts),
                scores=predicate_scores,
                roleset_scores=roleset_scores,
                roleset_known=roleset_known,
                argument_scores=argument_scores,
                confidence=confidence,
            )

    def _decode(self, docs: list[Doc], scores: RoleScores) -> list[list[tuple[Argument, float]]]:
        """The arguments of each predicate with their probabilities; positions in the batch."""
        result: list[list[tuple[Argument, float]]] = []
        if not len(scores.roles):
            return result
        is_space = np.concatenate([doc.to_array("IS_SPACE") == 1 for doc in docs])
        begin = 0
        # In runs, as what decoding makes for each pair is several times its probabilities.
        for run in scores.pairs.runs(self.model.attrs["max_pairs"]):
            end = begin + int(run.lengths.sum())
            result += self._decode_run(run, scores.roles[begin:end], is_space)
            begin = end
        return result

    def _decode_run(
        self, pairs: Pairs, role_probs: Any, is_space: NDArray[np.bool_]
    ) -> list[list[tuple[Argument, float]]]:
        """role_probs (pairs, tags). is_space (tokens,): of the whole batch."""
        lengths = pairs.lengths
        result: list[list[tuple[Argument, float]]] = [[] for _ in lengths]
        ends = np.cumsum(lengths)
        firsts = ends - lengths
        words = concat_ranges(pairs.starts, lengths)
        unit_start = np.zeros(len(words), dtype=bool)
        unit_start[firsts] = True
        own = words == np.repeat(pairs.predicates, lengths)
        tags = bio.decode_viterbi(role_probs, unit_start, is_space[words], own)
        spans = bio.spans_from_tags(tags, unit_start)
        probs = bio.span_probabilities(role_probs, unit_start, spans)
        row = np.searchsorted(ends, spans.start, side="right")
        if self.cfg["unique_core_roles"]:
            keep = self._unique(row, spans.label, probs)
            row, probs = row[keep], probs[keep]
            spans = bio.Spans(*(part[keep] for part in spans))
        shift = pairs.starts[row] - firsts[row]
        for r, start, end, label, p in zip(
            row.tolist(),
            (spans.start + shift).tolist(),
            (spans.end + shift).tolist(),
            spans.label.tolist(),
            probs.tolist(),
        ):
            result[r].append((Argument(start, end, self.labels[label]), p))
        return [_continue_after(found) for found in result]

    def _unique(self, row: Ints, label: Ints, probs: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which spans stay when core roles are unique: `C-X` after a dropped `X` goes with it.

        row, label, probs: predicate, label and probability of each span, in the order of words.
        """
        index = {name: i for i, name in enumerate(self.labels)}
        is_core = np.asarray([name in CORE_ROLES for name in self.labels])
        keep = _most_probable(row, label, probs) | ~is_core[label]
        core_of = {
            index[_CONTINUES + c]: index[c]
            for c in CORE_ROLES
            if _CONTINUES + c in index and c in index
        }
        dropped: dict[tuple[int, int], bool] = {}  # of each predicate's last X
        for i, (r, k) in enumerate(zip(row.tolist(), label.tolist())):
            if k in core_of:
                keep[i] &= not dropped.get((r, core_of[k]), False)
            elif is_core[k]:
                dropped[r, k] = not keep[i]
        return keep

    # Training

    def begin_update(self, examples: list[Example]) -> tuple[Any, Callable]:
        gold = self._gold_pairs(examples)
        model: Model = self.model
        return model.begin_update(([eg.predicted for eg in examples], lambda *_: gold))

    def get_loss(self, examples: Iterable[Example], scores: RoleScores) -> tuple[float, RoleScores]:
        """Cross-entropy of predicates, rolesets and roles, and its gradient.

        scores: of the gold predicates, from `begin_update`. The loss is the sum of the three
        means; see `TokenTagger.get_loss`.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        gold = scores.pairs
        assert isinstance(gold, GoldPairs)
        loss1, d_predicates = self.cross_entropy(scores.predicates, gold.is_predicate, 0.0)
        loss2, d_rolesets = self.cross_entropy(scores.rolesets, gold.roleset, 0.0)
        loss3, d_roles = self.cross_entropy(scores.roles, gold.role)
        # A word is in as many pairs as its sentence has predicates: together they weigh as much
        # as one task that labels every word, or they would drown the others in the encoder.
        n_words, n_pairs = (int((g != MISSING).sum()) for g in (gold.is_predicate, gold.role))
        d_roles *= n_words / max(1, n_pairs)
        return loss1 + loss2 + loss3, RoleScores(d_predicates, d_rolesets, d_roles, gold)

    def _gold_pairs(self, examples: list[Example]) -> GoldPairs:
        index = {label: i for i, label in enumerate(self.labels)}
        numbers = {roleset: i for i, roleset in enumerate(self.lexicon.rolesets)}
        predicates, chosen, frames = [], [], []
        for example in examples:
            is_predicate, props = _align(example)
            predicates.append(is_predicate)
            chosen.append((example.predicted, np.asarray([p.predicate for p in props], dtype=int)))
            frames += [(example, prop) for prop in props]
        pairs = self._pairs(chosen)
        offsets = np.cumsum([0, *(len(p) for p in predicates)])
        doc_of = np.searchsorted(offsets, pairs.predicates, side="right") - 1
        rolesets = np.full(len(frames), MISSING, dtype=np.int64)
        roles = []
        for row, (example, prop) in enumerate(frames):
            number = numbers.get(prop.roleset)
            if number is not None:
                among = np.flatnonzero(pairs.rolesets[row] == number)
                rolesets[row] = among[0] if len(among) else MISSING
            start, end = (int(x[row] - offsets[doc_of[row]]) for x in (pairs.starts, pairs.ends))
            tags = np.zeros(end - start, dtype=np.int64)
            parts = [Argument(*part, PREDICATE_PART) for part in prop.parts]
            for argument in (*prop.arguments, *parts):
                low, high = max(argument.start, start), min(argument.end, end)
                if low >= high:
                    continue
                if argument.role == "" or (low, high) != (argument.start, argument.end):
                    tags[low - start : high - start] = MISSING
                    continue
                if argument.role not in index:
                    raise self.unknown_label(argument.role, example)
                tags[low - start : high - start] = 2 * index[argument.role] + 2
                tags[low - start] = 2 * index[argument.role] + 1
            roles.append(tags)
        gold = (_join(predicates), rolesets, _join(roles))
        return GoldPairs(pairs.predicates, pairs.starts, pairs.ends, pairs.rolesets, *gold)

    # Serialisation

    def class_counts(self) -> dict[str, int]:
        n_rolesets = len(self.cfg["lexicon"]["rolesets"])
        return {**super().class_counts(), "roleset_layer": max(1, n_rolesets)}

    def take_learned(self) -> None:
        self._lexicon = RolesetLexicon.from_dict(self.cfg["lexicon"], self.vocab.lang)


def _join(arrays: list[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


def _best_rolesets(scores: RoleScores) -> tuple[list[int], list[float]]:
    """The most probable roleset of each predicate, -1 where it may have none, and how probable."""
    rolesets = scores.pairs.rolesets
    if not rolesets.size:
        return [-1] * len(rolesets), [0.0] * len(rolesets)
    probs = np.asarray(scores.rolesets)
    rows, best = np.arange(len(rolesets)), probs.argmax(axis=1)
    return rolesets[rows, best].tolist(), probs[rows, best].tolist()


def _most_probable(row: Ints, label: Ints, probs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True at the most probable of the spans that share predicate and label."""
    order = np.lexsort((-probs, label, row))
    first = np.ones(len(order), dtype=bool)
    same = (row[order][1:] == row[order][:-1]) & (label[order][1:] == label[order][:-1])
    first[1:] = ~same
    keep = np.zeros(len(order), dtype=bool)
    keep[order[first]] = True
    return keep


def _continue_after(found: list[tuple[Argument, float]]) -> list[tuple[Argument, float]]:
    """Let every `C-X` follow an `X`: one without an `X` before it becomes the `X`, and the `X`
    after it, if there is one, its continuation."""
    if not any(argument.role.startswith(_CONTINUES) for argument, _ in found):
        return found
    result = []
    seen: set[str] = set()
    promoted: set[str] = set()
    for argument, p in found:
        role = argument.role
        base = role.removeprefix(_CONTINUES)
        if base != PREDICATE and role != base and base not in seen:
            role = base
            promoted.add(base)
        elif role == base and base in promoted:
            role = _CONTINUES + base
        seen.add(base)
        result.append((argument._replace(role=role), p))
    return result


def _check_ties(gold: Doc, covered: NDArray[np.bool_]) -> None:
    """Arguments that lead to no predicate would teach that there are none.

    Raises ValueError for one in an annotated stretch.
    """
    groups = span_groups(gold)
    predicates = {span.start for span in groups.get(PREDICATES, ())}
    for name in (ARGUMENTS, PARTS):
        for span in groups.get(name, ()):
            if len(span) and covered[span.start] and predicate_of(span) not in predicates:
                raise ValueError(
                    f"The training data have an argument that leads to no predicate: "
                    f"doc.spans[{name!r}] [{span.start}:{span.end}] {span.text!r} ({span.label_}) "
                    f"with kb_id_ {span.kb_id_!r} and id_ {span.id_!r}, in the Doc that begins "
                    f"{gold.text[:40]!r}. Its kb_id_ has to be the signed distance in characters "
                    "to its predicate, or its id_ that in tokens; augmenters of spaCy drop them. "
                    "See 'python -m spacy seqtag check'."
                )


def _align(example: Example) -> tuple[Ints, list[Proposition]]:
    """Which tokens of `example.predicted` are predicates (1, 0 or MISSING), and the propositions.

    Positions are those of the predicted tokens. An argument whose boundaries the predicted
    tokens do not have gets the role "", a predicate that is no token of its own is left out.
    """
    gold, doc = example.reference, example.predicted
    covered = annotated_tokens(gold)
    props = [prop for prop in propositions(gold) if covered[prop.predicate]]
    _check_ties(gold, covered)
    if np.array_equal(gold.to_array("ORTH"), doc.to_array("ORTH")):
        is_predicate = np.where(covered, 0, MISSING).astype(np.int64)
        is_predicate[[prop.predicate for prop in props]] = 1
        return is_predicate, props
    gold_starts, starts = solid_offsets(gold), solid_offsets(doc)
    is_predicate = np.full(len(doc), MISSING, dtype=np.int64)
    covered_chars = np.repeat(covered, np.diff(gold_starts))
    for token, (low, high) in enumerate(zip(starts.tolist(), starts[1:].tolist())):
        if low < high and covered_chars[low:high].all():
            is_predicate[token] = 0

    def tokens(low: int, high: int) -> tuple[int, int, bool]:
        """The predicted tokens over a stretch of gold tokens, and whether they fit it."""
        first, last = int(gold_starts[low]), int(gold_starts[high])
        begin = int(np.searchsorted(starts, first, side="right")) - 1
        end = int(np.searchsorted(starts, last, side="left"))
        return begin, end, bool(starts[begin] == first and starts[end] == last)

    aligned = []
    for prop in props:
        begin, end, fits = tokens(prop.predicate, prop.predicate + 1)
        if not fits or end - begin != 1:
            is_predicate[begin:end] = MISSING
            continue
        is_predicate[begin] = 1
        arguments = []
        parts = []
        for low, high, role in (*prop.arguments, *((*part, PREDICATE_PART) for part in prop.parts)):
            start, stop, fits = tokens(low, high)
            if fits and role == PREDICATE_PART:
                parts.append((start, stop))
            else:
                arguments.append(Argument(start, stop, role if fits else ""))
        aligned.append(Proposition(begin, prop.roleset, arguments, parts))
    aligned.sort()
    return is_predicate, aligned
