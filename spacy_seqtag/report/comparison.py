"""Two pipelines on one corpus: how far their scores are apart, and where one is right alone."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spacy.tokens import Doc
from spacy.training import Example

from ..analysis.intervals import (
    DRAWS,
    Counts,
    Difference,
    Scored,
    compare,
    draw,
    tally,
    with_intervals,
)
from ..analysis.outcomes import TITLES, Outcome, Task, find_outcomes
from ..corpus.cut import sentence_bounds
from ..errors import printable
from ..evaluation import Evaluation
from ..frames import span_groups
from ..partial import ALL_LABELS, NO_ENTITY
from .document import digests, name_of, script_hash, versions
from .drawing import Row
from .entries import (
    Entry,
    FramePairs,
    draw_entities,
    draw_frames,
    draw_outcome,
    entry_of,
    index_frames,
    with_printable_labels,
)
from .pages import fill_in, read_file
from .review import ACCURACY, notes_of_corpus, notes_of_pipeline, tasks_of

# The least labels that are compared have so many gold things.
_LEAST = 5
# Sentences of each task, for each pipeline.
_MOST = 150
# Errors that are drawn of a sentence.
_MOST_ROWS = 6


@dataclass(frozen=True)
class Line:
    """A line of a table: the scores of both, and how far they are apart."""

    one: Scored
    other: Scored
    difference: Difference


@dataclass(frozen=True)
class TaskContrast:
    """What is said of a task.

    task, title (str): Which. accuracy (bool): Whether precision and recall are one figure.
    total (Line): All labels together. labels (dict[str, Line]): By label, the most frequent first.
    entries (list[Entry]): Sentences that one pipeline gets right, and the other does not.
    only (tuple[int, int]): How many sentences the first gets right alone, and the second.
    """

    task: Task
    title: str
    accuracy: bool
    total: Line
    labels: dict[str, Line]
    entries: list[Entry]
    only: tuple[int, int]

    @property
    def kinds(self) -> list[str]:
        """Which pipelines are right."""
        return sorted({entry.kind for entry in self.entries})

    @property
    def entry_labels(self) -> list[str]:
        """The labels of the entries."""
        return sorted({label for e in self.entries for label in (e.gold, e.found) if label})


@dataclass(frozen=True)
class Contrast:
    """Two pipelines on one corpus.

    names (tuple[str, str]): The first, that the second is compared with, and the second.
    models (tuple[str, str]): Where they are.
    tasks (list[TaskContrast]): Those that both have.
    notes (list[str]): What cannot be compared, and what makes figures doubtful.
    pipelines (tuple[Evaluation, Evaluation]): What they made of it.
    """

    names: tuple[str, str]
    models: tuple[str, str]
    tasks: list[TaskContrast]
    notes: list[str]
    pipelines: tuple[Evaluation, Evaluation]

    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Return the differences by task, for programs: those of F-scores, or of accuracies."""
        return {each.task: each.total.difference._asdict() for each in self.tasks}


def contrast(one: Evaluation, other: Evaluation, models: tuple[str, str], data: str) -> Contrast:
    """Compare two pipelines on the same corpus.

    one, other (Evaluation): On the corpus's own words; differences are those of the second.
    models (tuple[str, str]): What they are called: package names or folders.
    data (str): What the corpus is called.
    RAISES: ValueError: Their gold annotation differs in which words are known to have no entity.
    """
    names = name_of(models[0], one.nlp), name_of(models[1], other.nlp)
    if names[0] == names[1]:
        names = f"{names[0]} (1)", f"{names[1]} (2)"
    both = tasks_of(one), tasks_of(other)
    tasks = [task for task in both[0] if task in both[1]]
    if "ents" in tasks:
        _check_same_gold(one, other, models)
    notes = [
        f"{TITLES[task]}: only one of the pipelines has them."
        for task in TITLES
        if (task in both[0]) != (task in both[1])
    ]
    notes += notes_of_corpus(len(one.examples))
    for name, each, its in zip(names, (one, other), both):
        notes += [f"{name}: {note}" for note in notes_of_pipeline(each, data, its)]
    drawn = draw(len(one.examples))
    found = [_by_task(each.examples, tasks) for each in (one, other)]
    made = [
        _contrast_task(task, found[0][task], found[1][task], (one, other), names, drawn)
        for task in tasks
    ]
    return Contrast(names, models, made, notes, (one, other))


def _check_same_gold(one: Evaluation, other: Evaluation, models: tuple[str, str]) -> None:
    """Check that entities of the same labels were looked for, in the same words."""
    for first, second in zip(one.examples, other.examples, strict=True):
        if _known(first.reference) != _known(second.reference):
            raise ValueError(
                f"{printable(models[0], limit=None)} and {printable(models[1], limit=None)} cannot "
                "be compared: entity_labels in their configs differ, so that different words of "
                "the corpus count as looked at. Give --entity-labels, such as PER,LOC, or "
                f"{ALL_LABELS} for all"
            )


def _known(doc: Doc) -> tuple[list[int], list[tuple[int, int, str]]]:
    """Return what is known of entities: IOB codes of words, and labels that were not found."""
    named = span_groups(doc).get(NO_ENTITY, ())
    return doc.to_array("ENT_IOB").tolist(), sorted((s.start, s.end, s.label_) for s in named)


def _by_task(examples: Sequence[Example], tasks: Sequence[Task]) -> dict[Task, list[Outcome]]:
    result: dict[Task, list[Outcome]] = {task: [] for task in tasks}
    for outcome in with_printable_labels(find_outcomes(examples, tasks)):
        result[outcome.task].append(outcome)
    return result


def _contrast_task(
    task: Task,
    one: Sequence[Outcome],
    other: Sequence[Outcome],
    pipelines: tuple[Evaluation, Evaluation],
    names: tuple[str, str],
    drawn: Counts,
) -> TaskContrast:
    figure = 1 if task in ACCURACY else 2
    n_docs = len(pipelines[0].examples)
    gold = sorted({outcome.gold for outcome in (*one, *other) if outcome.gold})
    # What only one of them predicts would be a label of one tally alone.
    first, second = tally(one, n_docs, labels=gold), tally(other, n_docs, labels=gold)
    labels = sorted({*first.labels, *second.labels})
    first, second = (tally(each, n_docs, labels=labels) for each in (one, other))
    totals = first.total, second.total
    ours, theirs = (with_intervals(each, drawn)[""] for each in totals)
    total = Line(ours, theirs, compare(*totals, drawn, figure)[""])
    by_label: dict[str, Line] = {}
    if task not in ("roleset", "predicates"):
        scored = with_intervals(first, drawn), with_intervals(second, drawn)
        apart = compare(first, second, drawn, 2)
        ordered = sorted(labels, key=lambda label: -scored[0][label].gold)
        by_label = {
            label: Line(scored[0][label], scored[1][label], apart[label])
            for label in ordered
            if scored[0][label].gold >= _LEAST
        }
    wrong = [_by_sentence(each, p.examples) for each, p in zip((one, other), pipelines)]
    alone = [sorted(wrong[1].keys() - wrong[0].keys()), sorted(wrong[0].keys() - wrong[1].keys())]
    if task == "roleset":
        # A predicate that a pipeline did not find has no roleset there, neither right nor wrong.
        right_at = [
            {(o.doc, o.predicate) for o in each if o.kind == "right"} for each in (one, other)
        ]
        alone = [
            [
                at
                for at in places
                if all((o.doc, o.predicate) in right_at[n] for o in wrong[1 - n][at])
            ]
            for n, places in enumerate(alone)
        ]
    entries: list[Entry] = []
    for n, places in enumerate(alone):
        kind = f"only {names[n]} is right"
        failed = wrong[1 - n]
        frames = index_frames(pipelines[1 - n].examples)
        surest = sorted(places, key=lambda at: -max(o.confidence or 0.0 for o in failed[at]))
        for at in surest[:_MOST]:
            example = pipelines[1 - n].examples[at[0]]
            entries.append(
                _sentence_entry(kind, failed[at], example, frames, names[1 - n], len(entries))
            )
    return TaskContrast(
        task,
        TITLES[task],
        task in ACCURACY,
        total,
        by_label,
        entries,
        (len(alone[0]), len(alone[1])),
    )


def _by_sentence(
    outcomes: Sequence[Outcome], examples: Sequence[Example]
) -> dict[tuple[int, int], list[Outcome]]:
    """Sort errors by document and sentence."""
    starts = [[start for start, _ in sentence_bounds(eg.reference)] for eg in examples]
    result: dict[tuple[int, int], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.kind != "right":
            at = outcome.doc, bisect_right(starts[outcome.doc], outcome.start) - 1
            result.setdefault(at, []).append(outcome)
    return result


def _sentence_entry(
    kind: str,
    wrong: Sequence[Outcome],
    example: Example,
    frames: FramePairs,
    name: str,
    place: int,
) -> Entry:
    """Draw the errors of a sentence, gold annotation above the pipeline that is wrong."""
    if wrong[0].task == "ents":
        drawn = [draw_entities(wrong, example)]
    else:
        drawn = [_draw(outcome, example, frames) for outcome in list(_once(wrong))[:_MOST_ROWS]]
    rows = [_named(row, name) if row.kind == "predicted" else row for each in drawn for row in each]
    first = max(wrong, key=lambda outcome: outcome.confidence or 0.0)
    return entry_of(kind, place, first, example, rows)


def _named(row: Row, name: str) -> Row:
    return replace(row, kind=name)


def _draw(outcome: Outcome, example: Example, frames: FramePairs) -> list[Row]:
    if outcome.task in ("predicates", "srl"):
        return draw_frames(outcome, example, frames)
    return draw_outcome(outcome, example, frames)


def _once(wrong: Sequence[Outcome]) -> Iterator[Outcome]:
    """Yield errors, but one for each frame, as it is drawn as a whole."""
    seen = set[int]()
    for outcome in wrong:
        if outcome.task not in ("predicates", "srl"):
            yield outcome
        elif outcome.predicate is not None and outcome.predicate not in seen:
            seen.add(outcome.predicate)
            yield outcome


def render_comparison(found: Contrast, data: Path) -> str:
    """Write a comparison as a page that needs nothing else.

    found (Contrast): What is to be said. data (Path): The corpus.
    RETURNS (str): HTML.
    """
    script = read_file("report.js")
    examples = found.pipelines[0].examples
    shown = [printable(model, limit=None) for model in found.models]
    facts = {
        "First pipeline": shown[0],
        "Second pipeline": shown[1],
        "Corpus": printable(str(data), limit=None),
    }
    for name, each in zip(("first", "second"), found.pipelines):
        speed = each.scores.get("speed")
        if isinstance(speed, float):
            facts[f"Speed of the {name}"] = f"{speed:,.0f} words a second"
    return fill_in(
        "comparison.html.jinja",
        title=f"{found.names[1]} against {found.names[0]} on {printable(data.name, limit=None)}",
        found=found,
        n_docs=len(examples),
        n_words=sum(len(eg.reference) for eg in examples),
        draws=DRAWS,
        facts=facts,
        versions=versions(),
        digests={**digests(found.models[0], data), **digests(found.models[1], data)},
        script=script,
        script_hash=script_hash(script),
    )
