"""The component `seqtag_srl`: predicates with their rolesets, and the roles of their arguments."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, starmap
from types import MappingProxyType
from typing import TypedDict

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ...arrays import Floats
from ...confidence import CONFIDENCE, use_span_extension
from ...errors import Whole, check_settings
from ...frames import (
    ARGUMENTS,
    PARTS,
    PREDICATES,
    Frame,
    span_groups,
)
from ...models.role_pairs import Pairs, RoleInput, RoleScores
from ...schemes import bio
from ...schemes.calibration import temper
from ...schemes.inventory import FrameInventory
from ...schemes.propositions import PREDICATE, PREDICATE_PART
from ...schemes.rolesets import LexiconData, RolesetLexicon
from ..base import LabelData, ScoringMethod, Tagger, on_cpu
from ..calibrated import LabelledScores
from ..listening import was_read
from ..token_tagger import DEFAULT_MODEL
from .decode import decode_arguments, make_proposition, write_propositions
from .gold import GoldPairs, gold_pairs
from .pairs import choose_predicates, make_pairs
from .reliability import argument_confidences, labelled_pairs
from .rolesets import (
    best_rolesets,
    choose_roleset,
    given_frames,
    probable_rolesets,
    role_shares,
    words_of,
)
from .score import srl_score
from .soft import find_soft_roles, role_targets

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
def make_semantic_role_labeller(
    nlp: Language,
    name: str,
    model: Model[RoleInput, RoleScores],
    use_existing_predicates: bool,
    unique_core_roles: bool,
    max_distance: int,
    label_smoothing: float,
    confidence: str | None,
    scorer: ScoringMethod | None,
) -> "SemanticRoleLabeller":
    """Create a semantic role labeller.

    model (Model): From Docs to `RoleScores`, see `spacy_seqtag.RoleTagger.v1`.
    use_existing_predicates (bool): If a Doc has `doc.spans["predicates"]`, find the roles of these
        instead of finding predicates. A roleset that one has is kept, unless it is `V` (unknown).
    unique_core_roles (bool): Of several arguments of one predicate with the same core role (ARG0 to
        ARG5), keep the most probable. What continues one (`C-`) is not another one.
    max_distance (int, tokens): Arguments are at most this far from their predicate, and in its
        sentence, if sentence boundaries are known.
    label_smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread
        evenly over all role tags.
    confidence (str | None): Span extension that gets the probability of each argument and
        predicate (`span._.confidence`), in addition to `attrs["scores"]` of their groups; None for
        none.
    scorer (ScoringMethod | None): The scoring method.
    """
    return SemanticRoleLabeller(
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


class RoleLabelData(TypedDict):
    """What `spacy init labels` saves: the roles, and the rolesets by word form."""

    roles: Sequence[str]
    rolesets: LexiconData


class SemanticRoleLabeller(Tagger[RoleInput, RoleScores, RoleScores]):
    """Semantic role labeller; the settings are those of the factory `seqtag_srl`.

    It writes the span groups that `spacy_seqtag.frames` describes; `doc._.frames` shows them as
    frames. Its labels are the roles, among them `C-V`, which continues a predicate. Rolesets are no
    labels: one that the lexicon lacks cannot be learned.
    """

    annotation = "semantic roles (doc.spans['predicates'], doc.spans['srl'])"
    learned = (*Tagger.learned, "lexicon", "frames")
    curved = "srl_given"
    heads = MappingProxyType(
        {"predicates": "predicates", "rolesets": "roleset", "roles": "srl_tags"}
    )

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
        scorer: ScoringMethod | None = srl_score,
    ) -> None:
        check_settings(f"[components.{name}]", max_distance=(max_distance, Whole(1)))
        super().__init__(
            vocab,
            model,
            name,
            scorer=scorer,
            label_smoothing=label_smoothing,
            use_existing_predicates=use_existing_predicates,
            unique_core_roles=unique_core_roles,
            max_distance=max_distance,
            confidence=confidence,
            lexicon=RolesetLexicon().to_dict(),
            frames=None,
        )
        if confidence:
            use_span_extension(confidence, name)
        self._lexicon = RolesetLexicon(vocab.lang)

    # Labels and rolesets

    @property
    def classes(self) -> Sequence[str]:
        """The BIO tags of the roles."""
        return bio.bio_tags(self.labels)

    @property
    def lexicon(self) -> RolesetLexicon:
        """The rolesets that training saw, by word form."""
        return self._lexicon

    @lexicon.setter
    def lexicon(self, lexicon: RolesetLexicon) -> None:
        lexicon.set_inventory(self.frames)
        self._lexicon = lexicon
        self.cfg["lexicon"] = lexicon.to_dict()

    @property
    def frames(self) -> FrameInventory | None:
        """The inventory of frames; None if there is none."""
        return self._lexicon.inventory

    def set_frames(self, frames: FrameInventory | None) -> None:
        """Give the component an inventory of frames, which is saved with it.

        Words that training never saw have the rolesets of the inventory. Frames have descriptions,
        and a role that a roleset does not have becomes as improbable as the roleset is probable.

        frames (FrameInventory | None): The inventory, see `corpus.frame_files.read_inventory`; None
            to have none.
        """
        self.cfg["frames"] = None if frames is None else frames.to_rows()
        self._lexicon.set_inventory(frames)
        self.cfg["lexicon"] = self._lexicon.to_dict()

    def forget_learned(self) -> None:
        """Forget what older versions did not save, the inventory among it."""
        super().forget_learned()
        self.cfg["frames"] = None

    def take_learned(self) -> None:
        """Make the lexicon and the inventory of what was loaded."""
        super().take_learned()
        lexicon = RolesetLexicon.from_dict(self.cfg["lexicon"], self.vocab.lang)
        if self.cfg["frames"] is not None:
            lexicon.inventory = FrameInventory.from_rows(self.cfg["frames"])
        self._lexicon = lexicon

    def class_counts(self) -> dict[str, int]:
        """Return how many classes each output layer has to have, by its ref in the model."""
        n_rolesets = len(self.cfg["lexicon"]["rolesets"])
        return {**super().class_counts(), "roleset_layer": max(1, n_rolesets)}

    @property
    def label_data(self) -> RoleLabelData:
        """Roles and rolesets as `spacy init labels` saves them and `[initialize]` takes them."""
        return {"roles": self.labels, "rolesets": self.cfg["lexicon"]}

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Find the roles that occur in a gold Doc.

        reference (Doc): With semantic roles, or without.
        """
        groups = (reference.spans.get(name, ()) for name in (ARGUMENTS, PARTS))
        found = {span.label_ for group in groups for span in group if span.label_}
        if any(len(span) > 1 for span in reference.spans.get(PREDICATES, ())):
            found.add(PREDICATE_PART)  # of which the other words are, see `Frame.proposition`
        return found

    def find_soft_labels(self, reference: Doc) -> Iterable[str]:
        """Find the roles that occur in the soft labels of a Doc.

        reference (Doc): With soft labels, or without.
        """
        return find_soft_roles(reference)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: LabelData = None,
        frames: FrameInventory | None = None,
    ) -> None:
        """Initialise the component for training, see `Tagger.initialize`.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Language | None): The pipeline the component is part of.
        labels (RoleLabelData | None): Roles and rolesets. If None, both are read from the
            examples.
        frames (FrameInventory | None): What the language has of frames, see `set_frames`; e.g. from
            `spacy_seqtag.FrameInventory.v1`. None to leave the component's inventory as it is.
        """
        if frames is not None:
            self.set_frames(frames)
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
        n_rolesets = self.class_counts()["roleset_layer"]
        self.model.get_ref("roleset_layer").set_dim("nO", n_rolesets, force=True)
        roles = None if labels is None else labels["roles"]
        super().initialize(get_examples, nlp=nlp, labels=roles)

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> RoleScores:
        """Compute the probabilities of predicates, rolesets and roles.

        docs (Iterable[Doc]): The batch. A Doc that the encoder did not read is warned of, once.
        RETURNS (RoleScores): Of the Docs laid end to end, on the CPU. The probabilities of
            predicates are NaN in a Doc that the encoder did not read.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            pairs = make_pairs([], [], self.lexicon, self.cfg["max_distance"])
            return RoleScores.empty(pairs, len(self.classes))
        self.require_weights()
        scores = self.model.predict((docs, self.choose_pairs))
        predicates, rolesets, roles = (
            on_cpu(self.model.ops, array)
            for array in (scores.predicates, scores.rolesets, scores.roles)
        )
        if unread := self.unread(docs):
            predicates = predicates.copy()
            ends = np.cumsum([len(doc) for doc in docs])
            for i in unread:
                predicates[ends[i] - len(docs[i]) : ends[i]] = np.nan
        return RoleScores(predicates, rolesets, roles, scores.pairs)

    def choose_pairs(self, docs: list[Doc], probs: Floats) -> Pairs:
        """Pair the predicates of a batch with the words in their reach.

        docs (list[Doc]): The batch.
        probs (float32, (tokens of all docs,)): Probability that each word is a predicate.
        """
        predicates = choose_predicates(docs, probs, self.cfg["use_existing_predicates"])
        return make_pairs(docs, predicates, self.lexicon, self.cfg["max_distance"])

    def set_annotations(self, docs: Iterable[Doc], scores: RoleScores) -> None:
        """Write the span groups, with confidences. The whole Doc counts as annotated.

        docs (Iterable[Doc]): The batch. Docs that the encoder did not read stay as they are.
        scores (RoleScores): From `predict`.
        """
        docs = list(docs)
        if not docs:
            return
        name = self.cfg["confidence"]
        confidence = use_span_extension(name, self.name) if name else None
        probs = np.asarray(scores.predicates)
        sure = temper(probs, self.temperature("predicates"))[:, 1]
        rolesets = best_rolesets(scores, self.temperature("rolesets"))
        at = scores.pairs.predicates
        bounds = np.cumsum([0, *(len(doc) for doc in docs)])
        rows = np.searchsorted(at, bounds).tolist()
        own_rows = list(starmap(range, pairwise(rows)))
        given = [given_frames(doc) if self.cfg["use_existing_predicates"] else {} for doc in docs]
        predicates: list[tuple[Token, Frame | None]] = [
            (doc[i], frames.get(i))
            for doc, frames, start, own in zip(docs, given, bounds.tolist(), own_rows)
            for i in (at[own.start : own.stop] - start).tolist()
        ]
        # A predicate that was given may have several words.
        n_words = [1 if frame is None else words_of(frame) for _, frame in predicates]
        arguments = decode_arguments(
            scores,
            np.concatenate([doc.to_array("IS_SPACE") == 1 for doc in docs]),
            self.labels,
            max_pairs=self.model.attrs["max_pairs"],
            unique_core_roles=self.cfg["unique_core_roles"],
            temperature=self.temperature("roles"),
            curve=self.curve,
            ends=at + np.asarray(n_words, dtype=np.int64),
            shares=self.role_shares(scores, predicates),
        )
        for doc, (start, end), own in zip(docs, pairwise(bounds.tolist()), own_rows):
            if len(doc) and not was_read(probs[start:end]):
                continue
            found = []
            for row in own:
                token, frame = predicates[row]
                score = float(sure[start + token.i]) if frame is None else 1.0
                roleset = choose_roleset(self.lexicon, token, frame, *rolesets[row])
                found.append(
                    make_proposition(
                        token.i, score, roleset, arguments[row], start, token.i + n_words[row]
                    )
                )
            write_propositions(doc, found, confidence, self.frames)

    def role_shares(
        self, scores: RoleScores, predicates: Sequence[tuple[Token, Frame | None]]
    ) -> Floats | None:
        """Compute how probable it is that each predicate may have each role.

        scores (RoleScores): Of a batch, on the CPU.
        predicates (Sequence[tuple[Token, Frame | None]]): Its predicates, with the frames that they
            had before.
        RETURNS (float32, (predicates, labels), 0 to 1): None without an inventory of frames.
        """
        if self.frames is None:
            return None
        chances = zip(scores.pairs.rolesets.tolist(), np.asarray(scores.rolesets).tolist())
        rolesets = [
            probable_rolesets(self.lexicon, token, frame, *own)
            for (token, frame), own in zip(predicates, chances, strict=True)
        ]
        return role_shares(rolesets, self.frames, self.labels)

    # Calibration

    span_confidences = staticmethod(argument_confidences)

    def labelled_scores(self, examples: Sequence[Example]) -> LabelledScores:
        """Compute the probabilities for the gold predicates, see `CalibratedPipe`.

        examples (Sequence[Example]): The encoder has read the predicted Docs.
        """
        self.require_weights()
        with self.knowing_all(examples):
            gold = self.gold_pairs(examples)
        return labelled_pairs(self.model, examples, gold)

    # Training

    def begin_update(
        self, examples: list[Example]
    ) -> tuple[RoleScores, Callable[[RoleScores], object]]:
        """Run the model for training, with the gold predicates, see `Tagger.begin_update`.

        examples (list[Example]): The batch.
        """
        gold = self.gold_pairs(examples)
        return self.model.begin_update(([eg.predicted for eg in examples], lambda *_: gold))

    def gold_pairs(self, examples: Sequence[Example]) -> GoldPairs:
        """Make the pairs of the gold predicates, with the right classes.

        examples (Sequence[Example]): Annotation may be missing.
        """
        max_distance = self.cfg["max_distance"]
        return gold_pairs(examples, self.labels, self.lexicon, max_distance, self.unknown_label)

    def get_loss(self, examples: Iterable[Example], scores: RoleScores) -> tuple[float, RoleScores]:
        """Compute the loss of predicates, rolesets and roles with its gradient: `Tagger.get_loss`.

        examples (Iterable[Example]): The batch.
        scores (RoleScores): Of the gold predicates, from `begin_update`.
        RETURNS (tuple[float, RoleScores]): The sum of the three mean losses, and the gradient with
            respect to the logits.

        RAISES: ValueError: The scores are those of `predict`.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        gold = scores.pairs
        if not isinstance(gold, GoldPairs):
            raise ValueError(
                f"[components.{self.name}] get_loss takes the scores of begin_update, which are "
                "those of the gold predicates"
            )
        targets = role_targets(examples, gold, self.classes, self.unknown_label)
        parts = zip((scores.predicates, scores.rolesets, scores.roles), targets, (0.0, 0.0, None))
        (loss1, d_predicates), (loss2, d_rolesets), (loss3, d_roles) = (
            self.cross_entropy(probs, target.gold, smoothing, target.soft)
            for probs, target, smoothing in parts
        )
        # A word is in as many pairs as its sentence has predicates. Let all pairs together pull as
        # strongly as a task that labels every word once, or they would drown the other tasks in the
        # encoder.
        d_roles *= targets[0].n_known / max(1, targets[2].n_known)
        return loss1 + loss2 + loss3, RoleScores(d_predicates, d_rolesets, d_roles, gold)
