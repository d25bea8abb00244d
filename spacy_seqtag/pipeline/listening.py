"""Listening to the encoder: whether there is one, and whether it ran.

The model of a component on a shared encoder has a listener, which reads the vectors that the
`transformer` component gave to each Doc. If that component did not run, the listeners of
spacy-transformers silently return zeros, and any annotation made from these would be nonsense.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from ..arrays import Floats
from ..errors import settings_error
from ..models.listener import Listener
from ..models.spacy_transformers import Transformer, TransformerListener
from ..models.trf_data import read_vectors

# The model of a component, whatever it takes and gives.
AnyModel = Model[Any, Any]


def listeners_in(model: AnyModel) -> list[TransformerListener]:
    """Find the listeners in a component's model; none if it has an encoder of its own.

    model (Model): Of any component.
    """
    return [node for node in model.walk() if isinstance(node, TransformerListener)]


def name_listeners(model: AnyModel, component: str) -> None:
    """Tell our listeners the component's name, for their messages.

    model (Model): Of that component.
    component (str): Its name in the pipeline.
    """
    for node in model.walk():
        if isinstance(node, Listener):
            node.component = component


def docs_without_vectors(model: AnyModel, docs: Sequence[Doc]) -> list[int]:
    """Find the Docs that the encoder did not read, though the component listens to one.

    model (Model): Of the component.
    docs (Sequence[Doc]): Empty Docs need no vectors.
    RETURNS (list[int]): Their numbers.
    """
    if not listeners_in(model):
        return []
    vectors = read_vectors(docs)
    return [i for i, doc in enumerate(docs) if len(doc) and vectors[i] is None]


def was_read(probs: Floats) -> bool:
    """Tell whether these are the probabilities of a Doc with words that the encoder read.

    probs (float32, (tokens, classes)): Of one Doc, from `predict`, which marks others by NaN.
    """
    return len(probs) > 0 and not np.isnan(float(probs[0, 0]))


def unread_warning(component: str, n_unread: int, n_docs: int) -> str:
    """Write the warning for Docs that the encoder did not read.

    component (str): Name of the component.
    n_unread (int): How many Docs the encoder did not read.
    n_docs (int): How many there are.
    """
    return (
        f"[components.{component}] The transformer that {component!r} listens to did not run on "
        f"{n_unread} of {n_docs} Docs, which get no annotation: it is disabled, or not in the "
        f"pipeline, or stands after {component!r}. Enable it or add it before, or give the "
        f"component its own with nlp.replace_listeners('transformer', {component!r}, "
        "['model.tok2vec']) in the pipeline that has both."
    )


def check_listeners(model: AnyModel, component: str, nlp: Language | None) -> None:
    """Check that each listener of a component has found its encoder.

    model (Model): Of the component.
    component (str): Its name.
    nlp (Language | None): The pipeline that it is part of.

    RAISES: ConfigValidationError (a ValueError): There is no transformer before it, or not the one
        that `upstream` names.
    """
    for listener in listeners_in(model):
        if listener.has_dim("nO"):
            continue
        where = f"[components.{component}]"
        pipeline = [] if nlp is None else nlp.pipeline
        encoders = [name for name, pipe in pipeline if isinstance(pipe, Transformer)]
        if not encoders:
            message = f"{where} It listens to a transformer, and the pipeline has none. Add one"
        elif listener.upstream_name not in ("*", *encoders):
            message = (
                f"{where} It listens to the transformer {listener.upstream_name!r} "
                f"({where[:-1]}.model.tok2vec] upstream), and the pipeline has "
                f"{', '.join(map(repr, encoders))}. Set upstream to that or to '*', or add one"
            )
        else:
            message = (
                f"{where} It stands before the transformer that it listens to. Change the order in "
                f"[nlp] pipeline, or remove {encoders[0]!r} and add it"
            )
        raise settings_error(
            f"{message} before it: nlp.add_pipe('transformer', before={component!r}), or "
            "[components.transformer] with its factory and model in the config and "
            f'pipeline = ["transformer", "{component}"] in [nlp].'
        )
