"""The architecture of token taggers: `spacy_seqtag.SoftmaxTagger.v1`."""

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Dropout, Model, chain, with_array
from thinc.types import Floats2d

from ..errors import SHARE, Whole, check_settings
from .output_layer import resize_output, softmax_layer
from .pinned_dropout import pinned_dropout


@registry.architectures("spacy_seqtag.SoftmaxTagger.v1")  # type: ignore[untyped-decorator]
def build_softmax_tagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    dropout: float | None = None,
    nO: int | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build a token tagger: dropout, linear and softmax over the vectors of words.

    The refs `tok2vec` and `output_layer` lead to the sublayers; `attrs["resize_output"]` grows
    the output layer.

    tok2vec (Model[list[Doc], list[Floats2d]]): Token vectors, one array a Doc; usually a
        transformer listener.
    dropout (float | None): Dropout rate on the token vectors. None takes the rate of the
        training run (`[training] dropout`).
    nO (int | None): Number of classes. Inferred from the labels if None.
    RETURNS (Model[list[Doc], list[Floats2d]]): From Docs to class probabilities, an array (tokens,
        classes) a Doc.
    RAISES: ConfigValidationError (a ValueError): for a setting out of its range.
    """
    where = "spacy_seqtag.SoftmaxTagger.v1:"
    if dropout is not None:
        check_settings(where, dropout=(dropout, SHARE))
    if nO is not None:
        check_settings(where, nO=(nO, Whole(1)))
    output_layer = softmax_layer(nO, tok2vec.maybe_get_dim("nO"))
    drop: Model[Floats2d, Floats2d] = Dropout() if dropout is None else pinned_dropout(dropout)
    head: Model[list[Floats2d], list[Floats2d]] = with_array(chain(drop, output_layer))
    model: Model[list[Doc], list[Floats2d]] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output_layer)
    model.attrs["resize_output"] = resize_output
    return model
