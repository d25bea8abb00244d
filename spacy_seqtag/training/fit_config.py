"""Choose the settings of a config by looking at the data and at the encoder."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.check.language import guess_language
from ..corpus.check.survey import LABELLED, TITLES, Survey
from ..corpus.check.tally import list_labels
from ..corpus.docbin_read import find_docbins, read_docs
from ..corpus.errors import FormatError
from ..corpus.plural import counted
from ..errors import printable, settings_error
from ..schemes.inventory import FrameInventory
from .config import NAMES, TASKS, Choices
from .recipe import recipe_for

_LAYERS = {"pos": ("pos", "tag"), "ner": ("ents",), "srl": ("srl",)}
_WORDS_READ = 50_000  # to guess the language
_LABELS_SHOWN = 20
# What `entity_share` begins with: in news and web text the share is 0.05 to 0.2.
_ENTITY_SHARE = 0.1
# In a text in Chinese or Arabic a tenth of the letters may well be Latin.
_CASED = 0.2
_CAPITALS = 0.001
_CONVERT = "`python -m spacy seqtag convert`"


@dataclass
class Data:
    """What a corpus holds.

    path (Path): The file, or the folder of files.
    survey (Survey): Its figures.
    words (Counter[str]): How often each word occurs in the first part of it.
    """

    path: Path
    survey: Survey
    words: Counter[str] = field(default_factory=Counter)

    def add(self, doc: Doc) -> None:
        """Look at a Doc."""
        self.survey.add(doc)
        if self.words.total() < _WORDS_READ:
            self.words.update(token.text for token in doc)

    def has(self, layer: str) -> bool:
        """Say whether there is a label of this layer to learn from."""
        survey = self.survey
        labels = survey.rolesets if layer == "srl" else survey.layers[layer].labels
        return labels.total() > 0

    def layer(self, task: str) -> str | None:
        """Name the layer that a task learns from; None where it is absent."""
        return next(filter(self.has, _LAYERS[task]), None)

    @property
    def tasks(self) -> list[str]:
        """The tasks whose layers there are."""
        return [task for task in TASKS if self.layer(task)]

    @property
    def has_capitals(self) -> bool:
        """Whether the words are written in a script with capitals, but for a few of another."""
        n_letters = n_capitals = n_small = 0
        for word, n in self.words.items():
            for letter in filter(str.isalpha, word):
                n_letters += n
                n_capitals += n * letter.isupper()
                n_small += n * letter.islower()
        cased = n_capitals + n_small
        # Georgian has no capitals in use, but Python takes its letters for small ones.
        return cased >= _CASED * n_letters and n_capitals > _CAPITALS * cased

    @property
    def shows_boundaries(self) -> bool:
        """Whether sentence boundaries can be learned: there are Docs of several sentences."""
        survey = self.survey
        marked = survey.unbounded_words < survey.words
        return marked and survey.sentences > survey.documents - survey.empty_documents


def look_at(path: Path, vocab: Vocab, track: Callable[[Iterable[Doc]], Iterable[Doc]]) -> Data:
    """Read a corpus.

    path (Path): A `.spacy` file or a folder of them.
    vocab (Vocab): That of a language, which knows what white space is.
    track (Callable[[Iterable[Doc]], Iterable[Doc]]): Passes Docs on; shows how many there were.
    RETURNS (Data): What it holds.
    RAISES: FormatError: A file that cannot be read; a corpus without words.
    """
    data = Data(path, Survey(str(path)))
    for file in find_docbins(path):
        for doc in track(read_docs(file, vocab)):
            data.add(doc)
    if not data.survey.words:
        raise FormatError(path, None, "there is no document with words", f"Make it with {_CONVERT}")
    return data


def choose_tasks(asked: Sequence[str] | None, train: Data, dev: Data | None) -> list[str]:
    """Choose the tasks of a pipeline.

    asked (Sequence[str] | None): Those that are wanted; None for all that there are layers for.
    train (Data), dev (Data | None): What they are to be learned from, and evaluated on.
    RETURNS (list[str]): The tasks in the order of `TASKS`.
    RAISES: FormatError: A task whose layer is absent; none at all.
    """
    tasks = [task for task in TASKS if task in (train.tasks if asked is None else asked)]
    if not tasks:
        raise FormatError(
            train.path,
            None,
            "no layer is annotated: neither parts of speech nor entities nor semantic roles",
            f"Add one with {_CONVERT}",
        )
    for task in tasks:
        layer = train.layer(task)
        if layer is None:
            raise absent(train, task, NAMES[task], "learn from")
        if dev is not None and not dev.has(layer):
            raise absent(dev, task, TITLES[layer], "be evaluated on")
    return tasks


def absent(data: Data, task: str, what: str, purpose: str) -> FormatError:
    """Make the error for a task without its layer.

    data (Data): What lacks it.
    task, what (str): The task, and what the layer is called.
    purpose (str): What the layer would be for.
    """
    has = ", ".join(TITLES[layer] for layer in LABELLED if data.has(layer)) or "no layer"
    return FormatError(
        data.path,
        None,
        f"no {what} are annotated in it, so there is nothing for {task} to {purpose} "
        f"(it has: {has})",
        f"Leave {task} out of --tasks, or add the layer with {_CONVERT}",
    )


@dataclass(frozen=True)
class Encoder:
    """What there is to know of an encoder.

    name (str): As `spacy_seqtag.TransformerModel.v1` takes it.
    is_uncased (bool): Whether it reads "Bath" and "bath" as the same.
    has_layers (bool): Whether its layers can be changed one by one.
    """

    name: str
    is_uncased: bool
    has_layers: bool = True


def fit(
    tasks: Sequence[str],
    train: Data,
    dev: Data | None,
    encoder: Encoder,
    *,
    lang: str | None = None,
    gpu: bool = False,
) -> Choices:
    """Choose the settings of a config.

    tasks (Sequence[str]): As `choose_tasks` gives them.
    train (Data), dev (Data | None): The corpora.
    encoder (Encoder): The base model.
    lang (str | None): Code of the language; None to guess it.
    gpu (bool): Whether training is to run on a GPU.
    RETURNS (Choices): The settings.
    """
    senter = train.shows_boundaries and ("srl" in tasks or len(tasks) > 1)
    code, language = _language(lang, train)
    word_case = encoder.is_uncased and train.has_capitals
    if word_case:
        case = "does not read case, so word_case is on."
    elif encoder.is_uncased:
        case = "does not read case, and the words have hardly any capitals, so word_case is off."
    else:
        case = "reads case."
    about = [*about_data(train, tasks), language, f"{encoder.name}: {case}"]
    if not encoder.has_layers:
        about.append(
            f"{encoder.name}: does not keep its layers in one list, so reinit_layers is 0."
        )
    if not train.shows_boundaries:
        about.append(
            "No document has two sentences, so sentence boundaries cannot be learned: on raw text "
            "each is taken as one sentence."
        )
    entity_share = choose_entity_share(train.survey) if "ner" in tasks else None
    if entity_share is not None:
        about.append(
            "Nothing is known of the words outside of entities, so entity_share is "
            f"{entity_share:g}: set it to the share of words in entities that you expect."
        )
    return Choices(
        tasks=tuple(tasks),
        senter=senter,
        base_model=encoder.name,
        word_case=word_case,
        reinit_layers=None if encoder.has_layers else 0,
        lang=code,
        pos_layer=train.layer("pos") or "pos",
        entity_share=entity_share,
        train=str(train.path),
        dev=None if dev is None else str(dev.path),
        gpu=gpu,
        about=tuple(printable(line, limit=None) for line in about),
    )


def with_frames(choices: Choices, path: Path, inventory: FrameInventory) -> Choices:
    """Add an inventory of frames to the settings of a config.

    choices (Choices): The settings.
    path (Path): Where the inventory is.
    inventory (FrameInventory): What is in it.
    RETURNS (Choices): The settings with it.
    RAISES: ConfigValidationError (a ValueError): No component is made that could read it.
    """
    further = choices.start is not None and "srl" not in choices.start.new
    if "srl" not in choices.tasks or further:
        fix = "python -m spacy seqtag add-frames" if further else "--tasks srl"
        raise settings_error(
            f"--frames {path}: it is read where a new component for semantic roles is made, and "
            f"there is none. Leave the option out, or use {fix}"
        )
    about = f"inventory of frames {path}: {counted(len(inventory), '<roleset|rolesets>')}."
    return replace(choices, frames=str(path), about=(*choices.about, printable(about, limit=None)))


def _language(lang: str | None, train: Data) -> tuple[str, str]:
    """Choose the language, and say why in a line."""
    if lang is not None:
        return lang, f"language {lang}, as given."
    guess = guess_language(train.words)
    if guess is None:
        # The tokenizer of no language in particular.
        return "xx", "language xx (any): its most frequent words do not tell; set --nlp.lang."
    return guess, f"language {guess}, by its most frequent words."


def choose_entity_share(survey: Survey) -> float | None:
    """Choose the share of words in entities to expect; None where it is known of other words.

    It is no less than that of the entities that are annotated.

    survey (Survey): The training data.
    """
    if not survey.entities_alone:
        return None
    known = survey.layers["ents"].words / survey.words
    return max(_ENTITY_SHARE, min(round(known, 2), 0.99))


def about_data(train: Data, tasks: Sequence[str]) -> list[str]:
    """Say what the data is, and how long training on it takes, in lines for people.

    train (Data): The training data.
    tasks (Sequence[str]): What is trained.
    """
    survey, recipe = train.survey, recipe_for(tasks)
    documents = counted(survey.documents, "<document|documents>")
    sentences = counted(survey.sentences, "<sentence|sentences>")
    batches, steps = recipe.batches(survey.words), recipe.steps(survey.words)
    return [
        f"{train.path}: {documents}, {sentences}, {counted(survey.words, '<word|words>')}: about "
        f"{steps:,} steps, {steps / batches:,.0f} epochs of {counted(batches, '<batch|batches>')}.",
        *(_about_layer(survey, train.layer(task) or "") for task in tasks),
    ]


def _about_layer(survey: Survey, name: str) -> str:
    layer = survey.layers[name]
    labels = dict(layer.labels.most_common())
    missing = survey.sentences - layer.sentences
    part = f", {missing:,} sentences not or not all annotated" if missing else ""
    what = counted(len(labels), f"<label|labels>{part}: ")
    return f"{TITLES[name]}: {what}{list_labels(labels, _LABELS_SHOWN)}."
