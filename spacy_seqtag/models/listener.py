"""How a component listens to the encoder: `spacy_seqtag.TransformerListener.v1`."""

from collections.abc import Callable

from spacy.errors import Errors
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from ..errors import Number, check_settings
from .pooling import word_vectors
from .spacy_transformers import TransformerData, TransformerListener
from .trf_data import install_extension, read_vectors


@registry.architectures("spacy_seqtag.TransformerListener.v1")  # type: ignore[untyped-decorator]
def build_listener(
    pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0, upstream: str = "*"
) -> Model[list[Doc], list[Floats2d]]:
    """Build the layer by which a component listens to a `transformer` component.

    It is the same function as `spacy-transformers.TransformerListener.v1`, of which it takes the
    arguments, with any encoder. It is faster: the words of a batch are gathered and pooled at once,
    and only words of several wordpieces are pooled at all.

    pooling (Model[Ragged, Floats2d]): From the vectors of each word's wordpieces to its own.
    grad_factor (float): The gradient is multiplied by it before it goes on to the encoder.
    upstream (str): Name of the `transformer` component, or "*".
    RETURNS (Model[list[Doc], list[Floats2d]]): From Docs to the vectors of their words, (words,
        width).
    RAISES: ConfigValidationError (a ValueError): for a `grad_factor` below 0.
    """
    where = "spacy_seqtag.TransformerListener.v1:"
    check_settings(where, grad_factor=(grad_factor, Number(least=0.0)))
    listener = Listener(upstream_name=upstream)
    model: Model[list[Doc], list[Floats2d]] = chain(listener, word_vectors(pooling, grad_factor))
    model.set_ref("listener", listener)
    return model


class Listener(TransformerListener):
    """Hands on what the encoder made of each Doc, aligned to the tokens that the Doc has now.

    component (str): Name of the component that listens, for messages.
    """

    component: str = ""

    def __init__(self, upstream_name: str) -> None:
        super().__init__(upstream_name)
        self.replace_callbacks(_forward, init=self.init)
        install_extension()

    def tokens_changed(self, doc: Doc) -> ValueError:
        """Make the error for a Doc that has other tokens than the encoder saw."""
        name = self.component or "a component"
        return ValueError(
            f"[components.{name}] The tokens of the Doc that begins {doc.text[:40]!r} are not "
            "those that the transformer saw: a component merged or split tokens in between. Let "
            f"{name!r} run before that component, or the transformer after it."
        )

    def other_batch(self) -> ValueError:
        """Make the error for a batch in training that is not the one that the encoder saw."""
        name = self.component or "a component"
        return ValueError(
            f"[components.{name}] This is not the batch that the transformer saw last: update the "
            "components together, with nlp.update. If a component merges or splits tokens in "
            f"between, let {name!r} run before it."
        )


def _forward(
    model: Listener, docs: list[Doc], is_train: bool
) -> tuple[list[TransformerData], Callable[[list[TransformerData]], list[Doc]]]:
    """Give what the encoder made of each Doc.

    In training the encoder hands over what it made of a batch. Otherwise, or where it is frozen, it
    is read from the Docs.
    """
    if is_train and model._batch_id is not None:
        if model._batch_id != model.get_batch_id(docs):
            raise model.other_batch()
        assert model._outputs is not None
        return model._outputs, model.backprop_and_clear
    datas: list[TransformerData] = []
    for doc, data in zip(docs, read_vectors(docs)):
        if data is None:
            if is_train:
                raise ValueError(Errors.E203.format(name="transformer"))
            data = TransformerData.zeros(len(doc), model.get_dim("nO"), xp=model.ops.xp)
        elif isinstance(data, TransformerData) and len(data.align.lengths) not in (0, len(doc)):
            raise model.tokens_changed(doc)
        datas.append(data)
    return datas, lambda _: []
