"""What a shrunk pipeline keeps, and how it learns: layers, components, the config of training."""

from collections.abc import Sequence
from pathlib import Path

from spacy.language import Language
from spacy.pipeline import SentenceRecognizer
from thinc.api import Config

from ..errors import printable, settings_error
from ..models.encoder import Encoder, find_encoders
from ..models.network.layers import are_layers, spread_layers
from ..models.spacy_transformers import Transformer
from ..pipeline.base import Tagger
from ..training.config import TASKS, Choices, Start, render
from ..training.further import Trained, kept_settings

_RATE = 1e-4
# Docs that training evaluates on where no corpus is given, so that it has something to show.
_SHOWN = 20


def count_layers(trained: Trained, start: Start) -> int:
    """Count the layers of the encoders that learn.

    trained (Trained): The whole pipeline.
    start (Start): Which of its components learn.
    RAISES: ConfigValidationError (a ValueError): There is none of this package, or several that
        components share, or of different depths.
    """
    encoders = learning_encoders(trained.nlp, start)
    depths = {name: encoder.shim.n_layers for name, encoder in encoders.items()}
    shown = printable(trained.path, limit=None)
    if not depths:
        raise settings_error(
            f"{shown}: no component of the pipeline has an encoder of spacy_seqtag. Give one with "
            "spacy_seqtag.TransformerModel.v1"
        )
    if len(shared := [name for name in depths if trained.listeners(name)]) > 1:
        raise settings_error(
            f"{shown}: components share several encoders ({', '.join(shared)}). Shrink pipelines "
            "of one encoder, and put them together"
        )
    if len(set(depths.values())) > 1:
        said = ", ".join(f"{name} {n}" for name, n in depths.items())
        raise settings_error(
            f"{shown}: its encoders have different numbers of layers ({said}). Shrink pipelines of "
            "one encoder, and put them together"
        )
    return next(iter(depths.values()))


def choose_layers(layers: int | Sequence[int], of: int) -> list[int]:
    """Choose the layers that stay.

    layers (int | Sequence[int]): How many, or which ones, by their numbers from 0.
    of (int): How many there are.
    RETURNS (list[int]): Their numbers, in order.
    RAISES: ConfigValidationError (a ValueError): There are no such, or it would be all of them.
    """
    if isinstance(layers, int):
        if not 1 <= layers < of:
            raise settings_error(
                f"--layers {layers}: the encoder has {of}; give a number from 1 to {of - 1}"
            )
        return spread_layers(of, layers)
    kept = list(layers)
    if len(kept) == of or not are_layers(kept, of):
        raise settings_error(
            f"--keep {','.join(map(str, kept))}: the encoder has {of} layers; give some of their "
            f"numbers, from 0 to {of - 1}, in rising order"
        )
    return kept


def start_whole(trained: Trained) -> Start:
    """Say which components learn: taggers, what finds sentences on their encoder, and encoders.

    trained (Trained): The whole pipeline.
    RETURNS (Start): All its components; those that do not learn stay as they are.
    RAISES: ConfigValidationError (a ValueError): A component on the encoder that cannot learn from
        soft labels.
    """
    nlp = trained.nlp
    listening = {name for own in nlp.component_names for name in trained.listeners(own)}
    learning = []
    for name, pipe in nlp.components:
        learns = isinstance(pipe, Tagger | Transformer | SentenceRecognizer)
        if name in listening and not learns:
            raise settings_error(
                f"{printable(trained.path, limit=None)}: its component {name!r} reads the encoder, "
                "and nothing that raw text gets would teach it to read a smaller one. Remove it "
                "(nlp.remove_pipe), or give it an encoder of its own (nlp.replace_listeners)"
            )
        if learns and (name in listening or not isinstance(pipe, SentenceRecognizer)):
            learning.append(name)
    return Start(
        pipeline=trained.path,
        components=tuple(nlp.component_names),
        further=tuple(learning),
        copies=(),
        new=(),
        annotating=(),
        nlp=kept_settings(nlp),
        other_scores=(),
    )


def learning_encoders(nlp: Language, start: Start) -> dict[str, Encoder]:
    """Find the encoders that learn, by their components.

    nlp (Language): The whole pipeline, or what becomes of it.
    start (Start): Which components learn.
    """
    found = find_encoders(nlp)
    return {name: encoder for name, encoder in found.items() if name in start.further}


def plan_training(
    trained: Trained,
    start: Start,
    layers: Sequence[int],
    soft: Path,
    dev: Path | None,
    labels: list[str] | None,
    *,
    steps: int,
    seed: int,
) -> Config:
    """Write the config of the training run.

    trained (Trained), start (Start): The whole pipeline, and which of its components learn.
    layers (Sequence[int]): The layers that stay.
    soft (Path): The raw text with its soft labels.
    dev (Path | None), labels (list[str] | None): The dev corpus, and of which labels entities were
        looked for in it; None for all.
    steps (int), seed (int): Of training.
    """
    tasks = tuple(task for task in TASKS if trained.component(task))
    choices = Choices(tasks, senter=False, lang=str(trained.nlp.lang), start=start)
    config = Config().from_str(render(choices, "shrink.cfg"), interpolate=False)
    config["paths"] |= {"train": str(soft), "dev": str(dev or soft)}
    config["system"]["seed"] = seed
    config["corpora"]["dev"] |= {"limit": 0 if dev else _SHOWN, "entity_labels": labels}
    training = config["training"]
    training["max_steps"] = steps
    training["optimizer"]["head_factor"] = 1.0  # no layer starts from nothing
    training["optimizer"]["learn_rate"]["initial_rate"] = _RATE
    config["initialize"]["before_init"] = {
        "@callbacks": "spacy_seqtag.fewer_layers.v1",
        "pipeline": trained.path,
        "layers": list(layers),
    }
    return config
