"""Score a pipeline on a corpus, on the corpus's own words or on its raw text.

`spacy evaluate` gives a pipeline either raw text, so that errors of its tokenizer count as errors
of the taggers, or gold words that are cut into single sentences. Here the words and sentences of
the corpus are given, and documents stay whole. The scores are those of spaCy's `Scorer`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from timeit import default_timer
from typing import NamedTuple, Protocol, runtime_checkable

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from .calibration import BinDict, measure
from .corpus.reader import corpus_as_trained, create_corpus
from .errors import printable
from .frames import PREDICATES, has_frames, span_groups
from .loading import load_pipeline
from .passes import annotate
from .schemes.propositions import PREDICATE
from .stages import Stages, not_shown

SRL_FACTORY = "seqtag_srl"
"""Components of this factory can be given their predicates."""

PerType = dict[str, dict[str, float]]
Scores = dict[str, float | PerType | list[BinDict] | None]
"""Scores by spaCy's names: a figure, figures by label, or the bins of a reliability diagram; None
where there is nothing to score."""


class Evaluation(NamedTuple):
    """What an evaluation finds.

    scores (Scores): Those of `Language.evaluate`, and of `calibration.measure`. On the corpus's own
        words there is one more, `gold_words_found`: the share of them that the pipeline's own
        tokenizer finds in the raw text; None where the spaces between words are not known.
    examples (list[Example]): The annotated Docs and their gold ones, in the corpus's order.
    nlp (Language): The pipeline.
    """

    scores: Scores
    examples: list[Example]
    nlp: Language

    @property
    def docs(self) -> list[Doc]:
        """The annotated Docs."""
        return [example.predicted for example in self.examples]


class NoPredicatesError(ValueError):
    """There are no gold predicates to give, or no component to give them to.

    The message ends without a full stop, so that whoever offers another way out can add it.
    """


class UnknownLabelsError(ValueError):
    """The corpus has labels that the pipeline does not know.

    The message ends without a full stop, so that whoever offers another way out can add it.
    """


@runtime_checkable
class _Tagger(Protocol):
    """A component with labels of its own."""

    @property
    def labels(self) -> Sequence[str]: ...

    def find_labels(self, reference: Doc) -> Iterable[str]: ...


@runtime_checkable
class _PartialTagger(_Tagger, Protocol):
    """A component that knows of labels which were looked for and not found."""

    def find_named_labels(self, reference: Doc) -> Iterable[str]: ...


@runtime_checkable
class _Configured(Protocol):
    """A component whose settings can be changed."""

    cfg: dict[str, object]


def evaluate(
    model: str,
    data: Path,
    *,
    gold_tokens: bool = True,
    sent_starts: bool = True,
    gold_predicates: bool = False,
    allow_unknown_labels: bool = False,
    entity_labels: str | None = None,
    stages: Stages = not_shown,
) -> Evaluation:
    """Annotate a corpus with a pipeline, and score the result.

    model (str): The pipeline: a package name or a folder.
    data (Path): The corpus, in .spacy format.
    gold_tokens (bool): Give the pipeline the corpus's words; else its raw text.
    sent_starts (bool): Give it the corpus's sentence boundaries as well.
    gold_predicates (bool): Give it the corpus's predicates as well, see `give_predicates`.
    allow_unknown_labels (bool): Count labels that the pipeline does not know as missed.
    entity_labels (str | None): Of which labels entities were looked for; see `partial.looked_for`.
    stages (Stages): Shows how far it is.
    RETURNS (Evaluation): The scores, and the annotated Docs beside the gold ones.
    RAISES: UnknownLabelsError (a ValueError): The pipeline does not know labels of the corpus.
    RAISES: NoPredicatesError (a ValueError): See `give_predicates`.
    RAISES: ValueError: The corpus cannot be read, or is empty.
    RAISES: OSError: The pipeline is not found.
    """
    if gold_predicates and not gold_tokens:
        raise ValueError("gold_predicates needs gold_tokens: they are given on the corpus's words")
    fix_random_seed()
    words_given = {"gold_tokens": gold_tokens, "sent_starts": sent_starts}
    corpus = create_corpus(data, **words_given)
    stages("Load the pipeline", 0)
    nlp = load_pipeline(model)
    corpus = corpus_as_trained(corpus, data, nlp.config, "dev_corpus", entity_labels, **words_given)
    examples = list(corpus(nlp))
    if not allow_unknown_labels:
        check_labels(nlp, examples, data)
    if gold_predicates:
        give_predicates(nlp, examples, data)
    # As `Language.evaluate` does, which scores copies and so loses the annotated Docs.
    start = default_timer()
    annotate(nlp, examples, stages)
    seconds = default_timer() - start
    stages("Score", 0)
    scores: Scores = Scorer(nlp).score(examples)
    scores.update(measure(nlp, examples))
    scores["speed"] = sum(len(example.predicted) for example in examples) / seconds
    if gold_tokens:
        scores["gold_words_found"] = _found_words(nlp, examples)
    return Evaluation(scores, examples, nlp)


def give_predicates(nlp: Language, examples: Sequence[Example], data: Path) -> None:
    """Give gold predicates to the Docs to annotate, and let the pipeline's labellers use them.

    Their rolesets are not given: all get the label `V`.

    nlp (Language): The pipeline; its semantic role labellers are changed.
    examples (Sequence[Example]): Both Docs of each have the same words.
    data (Path): The corpus, for the messages.
    RAISES: NoPredicatesError (a ValueError): The pipeline has no semantic role labeller, or the
        corpus no semantic roles.
    RAISES: ValueError: The labeller has no settings.
    """
    labellers = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == SRL_FACTORY]
    if not labellers:
        raise NoPredicatesError(
            f"the pipeline has no component of the factory {SRL_FACTORY!r} "
            f"(only {', '.join(nlp.pipe_names)}). Give a pipeline that labels semantic roles"
        )
    annotated = [example for example in examples if has_frames(example.reference)]
    if not annotated:
        raise NoPredicatesError(
            f"{data}: no document has semantic roles (doc.spans[{PREDICATES!r}]). Add that layer "
            "with 'python -m spacy seqtag convert'"
        )
    for example in annotated:
        example.predicted.spans[PREDICATES] = [
            Span(example.predicted, span.start, span.end, label=PREDICATE)
            for span in span_groups(example.reference).get(PREDICATES, ())
        ]
    for name in labellers:
        labeller = nlp.get_pipe(name)
        if not isinstance(labeller, _Configured):
            raise ValueError(f"the component {name!r} has no settings (`cfg`) to change")
        labeller.cfg["use_existing_predicates"] = True


def check_labels(nlp: Language, examples: Sequence[Example], data: Path) -> None:
    """Check that a pipeline knows the labels of a corpus.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The corpus.
    data (Path): Its file, for the message.
    RAISES: UnknownLabelsError (a ValueError): It names those which a component does not know.
    """
    for name, component in nlp.pipeline:
        if not isinstance(component, _Tagger):
            continue
        found = {label for eg in examples for label in component.find_labels(eg.reference)}
        if isinstance(component, _PartialTagger):
            for eg in examples:
                found.update(component.find_named_labels(eg.reference))
        unknown = sorted(found.difference(component.labels))
        if unknown:
            raise UnknownLabelsError(
                f"{data}: the component {name!r} has never seen these labels in training: "
                f"{', '.join(map(printable, unknown))}. Use a corpus with the pipeline's labels "
                f"({', '.join(map(printable, component.labels))})"
            )


def _found_words(nlp: Language, examples: Iterable[Example]) -> float | None:
    """Return the share of the corpus's words that the tokenizer finds in the raw text, 0 to 1.

    None where the spaces between words are not known.
    """
    references = [eg.reference for eg in examples if not eg.reference.has_unknown_spaces]
    # Not `make_doc`, which refuses long texts.
    tokenised = [Example(nlp.tokenizer(reference.text), reference) for reference in references]
    found: float | None = Scorer.score_tokenization(tokenised)["token_r"]
    return found
