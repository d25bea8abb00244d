"""Begin training with a pipeline whose encoder has lost layers."""

from collections.abc import Callable

from spacy.language import Language
from spacy.training.callbacks import create_copy_from_base_model
from spacy.util import registry

from ..models.encoder import find_encoders
from ..models.network.precision import INT8


@registry.callbacks("spacy_seqtag.fewer_layers.v1")  # type: ignore[untyped-decorator]
def make_fewer_layers(pipeline: str, layers: list[int]) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` that takes layers out of encoders.

    The components of the config are those of a trained pipeline (`source`). Tokenizer and
    vocabulary are copied from it, as `spacy.copy_from_base_model.v1` does. What is frozen keeps all
    layers; what was quantized computes in floats again.

    pipeline (str): Folder or package of the trained pipeline.
    layers (list[int]): The layers that stay, by their numbers from 0, in rising order.
    RETURNS (Callable[[Language], Language]): The callback.
    RAISES: ConfigValidationError (a ValueError): From the callback, for an encoder without these
        layers.
    """
    copy = create_copy_from_base_model(tokenizer=pipeline, vocab=pipeline)

    def fewer_layers(nlp: Language) -> Language:
        copy(nlp)
        frozen = nlp.config.interpolate()["training"]["frozen_components"]
        for name, encoder in find_encoders(nlp).items():
            if name not in frozen:
                encoder.shim.keep_layers(layers)
                if encoder.shim.precision == INT8:
                    encoder.set_precision("auto")
        return nlp

    return fewer_layers
