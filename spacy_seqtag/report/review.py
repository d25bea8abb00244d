"""What a report says of a pipeline on a corpus: scores, errors, groups, and what is lacking."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spacy.training import Example

from ..analysis.groups import LENGTHS, Training, by_domain, by_length, by_seen, domains_of
from ..analysis.intervals import (
    Counts,
    Key,
    Scored,
    Tally,
    draw,
    tally,
    with_intervals,
)
from ..analysis.outcomes import KINDS, SCORED_BY, TITLES, Kind, Outcome, Task, find_outcomes
from ..evaluation import Evaluation, UnknownLabelsError, check_labels
from ..frames import has_frames
from .entries import Entry, list_entries, with_printable_labels
from .sentences import check_words

ACCURACY: frozenset[Task] = frozenset({"pos", "tag", "roleset"})
"""Tasks that have one answer for each thing, so that precision and recall are the same."""

# So many labels have scores of their own, the most frequent ones.
_MOST_LABELS = 150
_MOST_CONFUSIONS = 40
_MOST_IN_MATRIX = 20
# From so many documents on, intervals say what they should.
_FEW_DOCS = 10

_NEEDS: dict[Task, str] = {
    "pos": "universal parts of speech",
    "tag": "language-specific tags",
    "ents": "entities",
    "srl": "semantic roles",
}


@dataclass(frozen=True)
class Confusion:
    """A label that is taken for another one, and how often."""

    gold: str
    found: str
    n: int


@dataclass(frozen=True)
class Group:
    """Scores of a task by something else than labels.

    title (str): What by. rows (dict[str, Scored]): Those that have anything to count.
    """

    title: str
    rows: dict[str, Scored]


@dataclass
class TaskReview:
    """What is said of a task.

    task, title (str): Which.
    accuracy (bool): Whether precision and recall are one figure.
    total (Scored): All labels together.
    labels (dict[str, Scored]): By label, the most frequent first.
    n_labels (int): How many there are in all.
    kinds (dict[Kind, int]): How many outcomes are wrong in each way.
    kinds_by_label (dict[str, dict[Kind, int]]): The same by label, the gold one where there is one.
    confusions (list[Confusion]): The most frequent ones.
    matrix (dict[str, dict[str, int]]): Gold tags to predicted ones; empty for many.
    entries (list[Entry]): Errors to look at, the surest first.
    n_errors (int): How many there are in all.
    groups (list[Group]): Scores by other things.
    """

    task: Task
    title: str
    accuracy: bool
    total: Scored
    labels: dict[str, Scored]
    n_labels: int
    kinds: dict[Kind, int] = field(default_factory=dict)
    kinds_by_label: dict[str, dict[Kind, int]] = field(default_factory=dict)
    confusions: list[Confusion] = field(default_factory=list)
    matrix: dict[str, dict[str, int]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    n_errors: int = 0
    groups: list[Group] = field(default_factory=list)

    @property
    def entry_labels(self) -> list[str]:
        """The labels of the entries, the most frequent first."""
        counts = Counter(label for e in self.entries for label in {e.gold, e.found} if label)
        return [label for label, _ in counts.most_common()]


@dataclass(frozen=True)
class Review:
    """What a report says.

    tasks (list[TaskReview]): Those that can be scored.
    notes (list[str]): What is lacking, and what makes figures doubtful.
    n_docs, n_sentences, n_words (int): Of the corpus.
    """

    tasks: list[TaskReview]
    notes: list[str]
    n_docs: int
    n_sentences: int
    n_words: int


def tasks_of(found: Evaluation) -> list[Task]:
    """List the tasks that a pipeline has and that the corpus is annotated for."""
    scored = [task for task in TITLES if found.scores.get(SCORED_BY[task]) is not None]
    # A pipeline that tags in one layer is scored in both.
    return [t for t in scored if t not in ("pos", "tag") or _writes(found.examples, t)]


def _writes(examples: Sequence[Example], layer: str) -> bool:
    return any(example.predicted.has_annotation(layer.upper()) for example in examples)


def check_comparable(examples: Iterable[Example], model: str) -> None:
    """Check that a pipeline left the words of the corpus as they are.

    RAISES: ValueError: It merges or splits words.
    """
    for example in examples:
        try:
            check_words(example)
        except ValueError as error:
            raise ValueError(f"{model}: {error}") from None


def review(found: Evaluation, data: str, training: Training | None = None) -> Review:
    """Find out what is to be said of a pipeline.

    found (Evaluation): On the corpus's own words, at least one document.
    data (str): What the corpus is called.
    training (Training | None): What its training corpus has, if that is known.
    """
    examples = found.examples
    tasks = tasks_of(found)
    outcomes: dict[Task, list[Outcome]] = {task: [] for task in tasks}
    for outcome in with_printable_labels(find_outcomes(examples, tasks)):
        outcomes[outcome.task].append(outcome)
    drawn = draw(len(examples))
    domains = domains_of(examples)
    reviews = []
    for task in tasks:
        made = _review_task(task, outcomes[task], examples, drawn)
        made.groups.append(
            _group("Length of the sentence", outcomes[task], by_length(examples), drawn, LENGTHS)
        )
        if domains is not None:
            made.groups.append(_group("Domain", outcomes[task], by_domain(domains), drawn))
        if training is not None:
            made.groups.append(
                _group(_seen_title(task), outcomes[task], by_seen(examples, training), drawn)
            )
        reviews.append(made)
    return Review(
        reviews,
        _notes(found, data, tasks, training),
        len(examples),
        sum(len(list(eg.reference.sents)) if _has_sents(eg) else 1 for eg in examples),
        sum(len(eg.reference) for eg in examples),
    )


def _seen_title(task: Task) -> str:
    words = {
        "ents": "Entity",
        "predicates": "Predicate",
        "roleset": "Predicate",
        "srl": "Predicate",
    }
    return f"{words.get(task, 'Word')} in the training corpus"


def _has_sents(example: Example) -> bool:
    return example.reference.has_annotation("SENT_START")


def _review_task(
    task: Task, outcomes: Sequence[Outcome], examples: Sequence[Example], drawn: Counts
) -> TaskReview:
    counted = tally(outcomes, len(examples))
    wrong = [outcome for outcome in outcomes if outcome.kind != "right"]
    kinds = Counter(outcome.kind for outcome in wrong)
    by_gold: dict[str, Counter[Kind]] = {}
    for outcome in wrong:
        by_gold.setdefault(outcome.gold or outcome.found, Counter())[outcome.kind] += 1
    pairs = Counter((o.gold, o.found) for o in wrong if o.gold and o.found and o.gold != o.found)
    labels = with_intervals(_most_frequent(counted), drawn)
    small = task in ("pos", "tag") and len(counted.labels) <= _MOST_IN_MATRIX
    return TaskReview(
        task,
        TITLES[task],
        task in ACCURACY,
        with_intervals(counted.total, drawn)[""],
        labels if task != "predicates" else {},
        len(counted.labels),
        {kind: kinds[kind] for kind in KINDS if kinds[kind]},
        {label: dict(by_gold[label]) for label in labels if label in by_gold},
        [Confusion(*pair, n) for pair, n in pairs.most_common(_MOST_CONFUSIONS)],
        _matrix(outcomes, counted.labels) if small else {},
        list_entries(wrong, examples),
        len(wrong),
    )


def _most_frequent(counted: Tally) -> Tally:
    """Keep the labels that occur most, those first."""
    sizes = counted.counts.sum(axis=(0, 2))
    kept = sorted(range(len(sizes)), key=lambda i: (-sizes[i], counted.labels[i]))[:_MOST_LABELS]
    return Tally([counted.labels[i] for i in kept], counted.counts[:, kept])


def _matrix(outcomes: Iterable[Outcome], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    counts = Counter((outcome.gold, outcome.found) for outcome in outcomes)
    return {gold: {found: counts[gold, found] for found in labels} for gold in labels}


def _group(
    title: str,
    outcomes: Sequence[Outcome],
    key: Key,
    drawn: Counts,
    order: Sequence[str] = (),
) -> Group:
    counted = tally(outcomes, drawn.shape[1], key, order)
    scored = with_intervals(counted, drawn)
    return Group(title, {name: row for name, row in scored.items() if row.gold or row.found})


def _notes(
    found: Evaluation, data: str, tasks: Sequence[Task], training: Training | None
) -> list[str]:
    notes = [*notes_of_corpus(len(found.examples)), *notes_of_pipeline(found, data, tasks)]
    if training is None:
        notes.append(
            "Which words were seen in training is not known: give the training corpus with --train."
        )
    return notes


def notes_of_corpus(n_docs: int) -> Iterator[str]:
    """Say what so few documents mean for intervals."""
    if n_docs < 2:
        yield "There is one document, so that no intervals can be given."
    elif n_docs < _FEW_DOCS:
        yield f"There are {n_docs} documents: intervals from so few are rough."


def notes_of_pipeline(found: Evaluation, data: str, tasks: Sequence[Task]) -> Iterator[str]:
    """Say what a pipeline or its corpus lacks, and which labels the pipeline does not know.

    found (Evaluation): On the corpus's own words.
    data (str): What the corpus is called.
    tasks (Sequence[Task]): See `tasks_of`.
    """
    examples, scores = found.examples, found.scores
    for task, layer in _NEEDS.items():
        if task in tasks or (task in ("pos", "tag") and {"pos", "tag"} & set(tasks)):
            continue
        if SCORED_BY[task] not in scores:
            if task != "tag":
                yield f"The pipeline has no component for {layer}, so that there are no scores."
        elif not any(_annotated(example, task) for example in examples):
            yield f"{data} has no {layer}, so that the pipeline's cannot be scored."
        else:
            yield f"There is nothing to score of {layer}: neither {data} nor the pipeline has any."
    try:
        check_labels(found.nlp, examples, Path(data))
    except UnknownLabelsError as error:
        yield f"{str(error).partition('. Use ')[0]}. They count as missed."


def _annotated(example: Example, task: Task) -> bool:
    doc = example.reference
    if task == "srl":
        return has_frames(doc)
    return doc.has_annotation("ENT_IOB" if task == "ents" else task.upper())


def summary(made: Review) -> Mapping[str, Mapping[str, float | int | None]]:
    """Return the figures of a review by task, for programs: from 0 to 1, None where there are none.

    RETURNS (Mapping): `p`, `r`, `f`, the interval of `f` (`low`, `high`), `gold`, `found`,
        `errors`.
    """
    return {
        each.task: {
            "p": each.total.p.value,
            "r": each.total.r.value,
            "f": each.total.f.value,
            "low": each.total.f.low,
            "high": each.total.f.high,
            "gold": each.total.gold,
            "found": each.total.found,
            "errors": each.n_errors,
        }
        for each in made.tasks
    }
