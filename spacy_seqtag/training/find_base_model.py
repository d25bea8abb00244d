"""Check the pretrained encoder that a config names, before training starts."""

from collections.abc import Callable, Iterator

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ..models.pretrained import resolve


@registry.callbacks("spacy_seqtag.find_base_model.v1")
def make_find_base_model() -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` that finds the transformer's base model.

    The `name` of a `TransformerModel` may be a Hugging Face hub name, a folder with a saved
    model, or the import name of an installed package that carries one. A package is turned into
    the folder inside it; the config keeps the portable name. What does not exist is an error
    before any time is spent. `spacy_seqtag.TransformerModel.v1` finds its model without this
    callback, too, but only when its turn comes; that of spacy-transformers knows no packages.

    Raises ConfigValidationError (a ValueError) if the model cannot be found or read.
    """

    def find_base_model(nlp: Language) -> Language:
        for component, encoder in _encoders(nlp):
            name = str(encoder.attrs["name"])
            settings = getattr(encoder, "_init_transformer_config", {})
            trusted = bool(settings.get("trust_remote_code", False))
            encoder.attrs["name"] = resolve(name, component, trust_remote_code=trusted)
        return nlp

    return find_base_model


def _encoders(nlp: Language) -> "Iterator[tuple[str, Model]]":
    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for node in model.walk():
                if "has_transformer" in node.attrs and not node.attrs["has_transformer"]:
                    yield name, node
