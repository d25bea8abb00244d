"""Check the pretrained encoder that a config names, before training starts."""

from collections.abc import Callable, Iterator

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model

from ..models.pretrained import resolve
from ..models.spacy_transformers import FullTransformerBatch

# Ours, or that of spacy-transformers.
AnyEncoder = Model[list[Doc], FullTransformerBatch]


@registry.callbacks("spacy_seqtag.find_base_model.v1")  # type: ignore[untyped-decorator]
def make_find_base_model() -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` that finds the transformer's base model.

    The `name` of a `TransformerModel` may be a Hugging Face hub name, the folder of a saved model,
    or the import name of an installed package that carries one. For a package, the callback gives
    the encoder the folder inside it; the config keeps the portable name. A model that does not
    exist is an error before any time is spent.

    `spacy_seqtag.TransformerModel.v1` finds its model without this callback as well, only later.
    `spacy-transformers.TransformerModel.v3` knows no packages.

    RETURNS (Callable[[Language], Language]): The callback.
    RAISES: ConfigValidationError (a ValueError): From the callback, if the model cannot be found
        or read.
    """

    def find_base_model(nlp: Language) -> Language:
        for component, encoder in _empty_encoders(nlp):
            name = str(encoder.attrs["name"])
            settings = getattr(encoder, "_init_transformer_config", {})
            trusted = bool(settings.get("trust_remote_code", False))
            encoder.attrs["name"] = resolve(name, component, trust_remote_code=trusted)
        return nlp

    return find_base_model


def _empty_encoders(nlp: Language) -> Iterator[tuple[str, AnyEncoder]]:
    """Yield the encoders of a pipeline that wait for their weights, and whose they are."""
    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for node in model.walk():
                if not node.attrs.get("has_transformer", True):
                    yield name, node
