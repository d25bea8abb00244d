"""What a pipeline is: its components, their labels and calibration, its encoders."""

from dataclasses import dataclass

from spacy.language import Language

from .models.encoder import Encoder, find_encoders
from .models.network.encoder import EncoderNetwork
from .pipeline.calibrated import CalibratedPipe
from .schemes.calibration import STRAIGHT


@dataclass(frozen=True)
class Component:
    """A component of a pipeline.

    name, factory (str): What it is called, and of what kind it is.
    labels (int | None): How many it can assign; None for a component without.
    temperatures (dict[str, float]): Of its heads: 1.0 where nothing was calibrated. Empty for a
        component without confidences.
    curved (bool): Whether the confidences of its spans are calibrated.
    disabled (bool): Whether the pipeline leaves it out.
    """

    name: str
    factory: str
    labels: int | None
    temperatures: dict[str, float]
    curved: bool
    disabled: bool


@dataclass(frozen=True)
class EncoderFacts:
    """An encoder.

    component (str): The component that it is the model of, or a part of.
    kind (str): What transformers calls such models, such as "bert".
    layers, width (int | None): How many layers, and the numbers of a vector.
    parameters (int): How many weights it has.
    max_wordpieces (int): The most that are read together, special tokens included.
    precision, kernels (str): The settings.
    word_case (bool): Whether it sees how words are written.
    int8_ranges (int): For how many products of its layers the ranges are stored that int8 needs.
    """

    component: str
    kind: str
    layers: int | None
    width: int | None
    parameters: int
    max_wordpieces: int
    precision: str
    kernels: str
    word_case: bool
    int8_ranges: int


@dataclass(frozen=True)
class Description:
    """A pipeline.

    lang, name, version, spacy_version (str): As in its `meta.json`.
    components (list[Component]): In order.
    encoders (list[EncoderFacts]): Those of this package that have weights.
    """

    lang: str
    name: str
    version: str
    spacy_version: str
    components: list[Component]
    encoders: list[EncoderFacts]


def describe(nlp: Language) -> Description:
    """Describe a pipeline.

    nlp (Language): Any pipeline.
    """
    meta = nlp.meta
    return Description(
        lang=meta["lang"],
        name=meta["name"],
        version=meta["version"],
        spacy_version=meta["spacy_version"],
        components=[_describe_component(nlp, name) for name in nlp.component_names],
        encoders=[
            _describe_encoder(name, encoder)
            for name, encoder in find_encoders(nlp).items()
            if encoder.attrs["has_transformer"]
        ],
    )


def _describe_component(nlp: Language, name: str) -> Component:
    pipe = nlp.get_pipe(name)
    calibrated = pipe if isinstance(pipe, CalibratedPipe) else None
    labels = getattr(pipe, "labels", None)
    return Component(
        name,
        nlp.get_pipe_meta(name).factory,
        labels=len(labels) if labels else None,
        temperatures={h: calibrated.temperature(h) for h in calibrated.heads} if calibrated else {},
        curved=calibrated is not None and calibrated.curve != STRAIGHT,
        disabled=name in nlp.disabled,
    )


def _describe_encoder(name: str, encoder: Encoder) -> EncoderFacts:
    shim, get_spans = encoder.shim, encoder.attrs["get_spans"]
    network = shim.module
    assert isinstance(network, EncoderNetwork)
    config = network.transformer.config
    limit = shim.max_wordpieces
    return EncoderFacts(
        name,
        kind=config.model_type,
        layers=getattr(config, "num_hidden_layers", None),
        width=getattr(config, "hidden_size", None),
        parameters=sum(weights.numel() for weights in network.parameters()),
        max_wordpieces=getattr(get_spans, "max_wordpieces", limit),
        precision=shim.precision,
        kernels=shim.kernels.setting,
        word_case=shim.word_case,
        int8_ranges=len(shim.ranges),
    )
