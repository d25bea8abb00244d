"""Train one task of a trained pipeline further, or add one, while everything else stays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spacy.language import Language
from spacy.training.callbacks import create_copy_from_base_model
from spacy.util import registry, resolve_dot_names

from ..corpus.check.survey import TITLES
from ..corpus.check.tally import list_labels
from ..errors import printable, settings_error
from .config import Choices, Start
from .fit_config import Data, about_data, absent, choose_entity_share

_LISTENER = "model.tok2vec"
_LABELS_SHOWN = 20
_OWN_SETTINGS = ("lang", "pipeline")
"""Of `[nlp]`: the config says them itself."""


@dataclass(frozen=True)
class Trained:
    """A trained pipeline.

    path (str): Folder or package, as `spacy.load` takes it.
    nlp (Language): What was loaded from it.
    """

    path: str
    nlp: Language

    @property
    def encoder(self) -> str | None:
        """The component whose vectors others read; None where there is none."""
        return next(filter(self.listeners, self.nlp.component_names), None)

    def listeners(self, name: str) -> Sequence[str]:
        """Return the components that listen to a component; none if it is no encoder.

        name (str): Its name.
        """
        found: Sequence[str] = getattr(self.nlp.get_pipe(name), "listening_components", ())
        return found

    def component(self, task: str) -> str | None:
        """Return the name of the component that does a task; None where there is none.

        task (str): One of `TASKS`.
        """
        made_by = f"seqtag_{task}"
        factories = self.nlp.pipe_factories
        names = self.nlp.component_names
        return next((name for name in names if factories.get(name) == made_by), None)


def fit_further(
    tasks: Sequence[str],
    train: Data,
    dev: Data | None,
    trained: Trained,
    own_encoder: bool = False,
    *,
    gpu: bool = False,
) -> Choices:
    """Choose the settings of a config that starts from a trained pipeline.

    tasks (Sequence[str]): As `choose_tasks` gives them.
    train (Data), dev (Data | None): The corpora.
    trained (Trained): The pipeline.
    own_encoder (bool): See `start_from`.
    gpu (bool): Whether training is to run on a GPU.
    RETURNS (Choices): The settings.
    RAISES: FormatError: No label for the layer that a component writes. ConfigValidationError (a
        ValueError): See `start_from`.
    """
    start = start_from(trained, tasks, own_encoder=own_encoder)
    name = trained.component("pos")
    pos_layer = (train.layer("pos") or "pos") if name is None else _pos_layer(trained, name)
    if "pos" in tasks and name is not None and not train.has(pos_layer):
        raise absent(train, "pos", TITLES[pos_layer], "learn from")
    return Choices(
        tasks=tuple(tasks),
        senter=False,
        lang=str(trained.nlp.lang),
        pos_layer=pos_layer,
        train=str(train.path),
        dev=None if dev is None else str(dev.path),
        gpu=gpu,
        entity_share=choose_entity_share(train.survey) if "ner" in tasks else None,
        about=tuple(
            printable(line, limit=None)
            for line in [
                *about_data(train, tasks),
                *_about_start(start),
                *_about_labels(trained, tasks, train, pos_layer),
            ]
        ),
        start=start,
    )


def _pos_layer(trained: Trained, name: str) -> str:
    """Return the layer that a component of parts of speech writes."""
    return str(getattr(trained.nlp.get_pipe(name), "cfg", {}).get("layer", "pos"))


def _about_start(start: Start) -> list[str]:
    """Say what becomes of the components of a trained pipeline."""
    copies = [name for name, _ in start.copies]
    shared = [name for name in start.further if name not in copies]
    lines = []
    if start.frozen:
        stay = "stays as it is" if len(start.frozen) == 1 else "stay as they are"
        lines.append(f"{start.pipeline}: {', '.join(start.frozen)} {stay}.")
    if shared and start.annotating:
        lines.append(f"Trained further, on the shared encoder as it is: {', '.join(shared)}.")
    elif shared:
        lines.append(f"Trained further, with its own encoder: {', '.join(shared)}.")
    if copies:
        lines.append(
            f"Trained further, each with its own copy of the encoder: {', '.join(copies)}."
        )
    if start.new:
        lines.append(f"New, on the shared encoder as it is: {', '.join(start.new)}.")
    return lines


def _about_labels(trained: Trained, tasks: Sequence[str], train: Data, pos_layer: str) -> list[str]:
    """Name the labels of the data that a trained component does not have."""
    layers = {"pos": pos_layer, "ner": "ents", "srl": "srl"}
    lines = []
    for task in tasks:
        if (name := trained.component(task)) is None:
            continue
        known = getattr(trained.nlp.get_pipe(name), "labels", ())
        labels = train.survey.layers[layers[task]].labels
        if new := {label: n for label, n in labels.most_common() if label not in known}:
            lines.append(f"New labels of {name}: {list_labels(new, _LABELS_SHOWN)}.")
    return lines


def start_from(trained: Trained, tasks: Sequence[str], *, own_encoder: bool = False) -> Start:
    """Say how a config starts from a trained pipeline.

    trained (Trained): The pipeline.
    tasks (Sequence[str]): What is to be trained: further, or as new components.
    own_encoder (bool): Whether what is trained further gets a copy of the encoder, which learns as
        well. Otherwise it reads the vectors of the encoder that all share, which stays as it is.
    RETURNS (Start): All components, and which of them stay as they are.
    RAISES: ConfigValidationError (a ValueError): There is no encoder for a new task; a task that
        cannot have one of its own; a component that has the name of a new one.
    """
    encoder = trained.encoder
    where = printable(trained.path)
    names = trained.nlp.component_names
    found = {task: trained.component(task) for task in tasks}
    new = [task for task, name in found.items() if name is None]
    if encoder is None and new:
        raise settings_error(
            f"--pipeline {where}: it has no component for {new[0]}, and no encoder that a new one "
            "could listen to. Train the task by itself, with --base-model, and put both pipelines "
            "together"
        )
    listening = trained.listeners(encoder) if encoder is not None else ()
    if own_encoder and new:
        raise settings_error(
            f"--own-encoder: {where} has no component for {new[0]}, and a new one has no encoder "
            "to copy. Leave the option out, or train it by itself with --base-model and put both "
            "pipelines together"
        )
    if taken := [task for task in new if task in names]:
        raise settings_error(
            f"--pipeline {where}: its component {taken[0]} does another task, so a new one cannot "
            "have this name. Rename it, or leave the task out of --tasks"
        )
    further = [name for name in found.values() if name is not None]
    copies = [name for name in further if own_encoder and name in listening]
    listens = new or any(name in listening and name not in copies for name in further)
    return Start(
        pipeline=trained.path,
        components=tuple(names),
        further=tuple(further),
        copies=tuple((name, (_LISTENER,)) for name in copies),
        new=tuple(new),
        annotating=(encoder,) if encoder is not None and listens else (),
        nlp=kept_settings(trained.nlp),
        other_scores=tuple(
            score
            for name in names
            if name not in further
            for score in trained.nlp.get_pipe_meta(name).default_score_weights or ()
        ),
    )


def kept_settings(nlp: Language) -> dict[str, object]:
    """Return the settings of a pipeline in `[nlp]` that one which starts from it keeps.

    nlp (Language): The pipeline.
    """
    settings = {**nlp.config["nlp"], "disabled": list(nlp.disabled)}
    return {name: value for name, value in settings.items() if name not in _OWN_SETTINGS}


@registry.callbacks("spacy_seqtag.train_further.v1")  # type: ignore[untyped-decorator]
def make_train_further(pipeline: str) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` of a pipeline that starts from another one.

    It copies tokenizer and vocabulary, as `spacy.copy_from_base_model.v1` does. And what learns on
    gets the labels that it lacks and the training data have; of semantic roles the roles, not the
    rolesets. spaCy does not initialise components that have a `source`, so they would meet such a
    label in the middle of training.

    pipeline (str): Folder or package of the trained pipeline.
    RETURNS (Callable[[Language], Language]): The callback.
    """
    copy = create_copy_from_base_model(tokenizer=pipeline, vocab=pipeline)

    def train_further(nlp: Language) -> Language:
        copy(nlp)
        _add_labels(nlp)
        return nlp

    return train_further


def _add_labels(nlp: Language) -> None:
    """Give the components that learn on the labels of the training data."""
    from ..pipeline.base import Tagger

    training = nlp.config.interpolate()["training"]
    learning = [
        component
        for name, component in nlp.components
        if name not in training["frozen_components"]
        and isinstance(component, Tagger)
        and component.model.get_ref("output_layer").has_param("W")
    ]
    if not learning:
        return
    (corpus,) = resolve_dot_names(nlp.config.interpolate(), [training["train_corpus"]])
    found: list[set[str]] = [set() for _ in learning]
    for example in corpus(nlp):
        for labels, component in zip(found, learning, strict=True):
            labels.update(component.find_labels(example.reference))
            labels.update(component.find_soft_labels(example.reference))
    for labels, component in zip(found, learning, strict=True):
        for label in sorted(labels):
            component.add_label(label)
