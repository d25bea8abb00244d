"""What is taken from spacy-transformers, imported without transformers' code for making models.

spacy-transformers imports `AutoModel` and `AutoTokenizer` for the encoders that its own
architectures load. With them come transformers' code for generating text, scikit-learn, SciPy,
pandas and `torch._dynamo`, which is two seconds of processor time that nothing needs to annotate.
So where this package is the first to import spacy-transformers, it is given stand-ins, which load
the real classes when something is asked of them: its architectures work, and begin later. In
`transformers` itself the stand-ins are gone after the import.

Whatever is taken from spacy-transformers is imported from here, so that this module comes first.
spaCy imports the factories of all packages when it makes a pipeline, in the order in which Python
finds the packages. A pipeline with `spacy_seqtag.LanguageTokenizer.v1` begins here (see
`pipeline.tokenizer`). Where spacy-transformers, or the real classes, were imported before, nothing
is changed, and nothing is saved.
"""

import copyreg
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import transformers

# What the classes below are imported with: then they cost nothing any more.
_HEAVY = "transformers.models.auto.auto_factory"


class _StandIn(type):
    """The type of classes that hand on what they are asked for to a class of transformers."""

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):  # what Python looks for in any class
            raise AttributeError(name)
        return getattr(_real(cls), name)

    def __call__(cls, *args: object, **kwargs: object) -> object:
        return _real(cls)(*args, **kwargs)


class AutoModel(metaclass=_StandIn):
    """Stands for `transformers.AutoModel`."""


class AutoTokenizer(metaclass=_StandIn):
    """Stands for `transformers.AutoTokenizer`."""


def _real(cls: type) -> type:
    found: type = getattr(transformers, cls.__name__)
    return found


def _reduce(cls: type) -> tuple[object, tuple[str]]:
    """Pickle the class that it stands for, which is there without this package, too."""
    return pkgutil.resolve_name, (f"transformers:{cls.__name__}",)


copyreg.pickle(_StandIn, _reduce)  # type: ignore[arg-type]


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Have transformers give stand-ins to whoever imports those classes within the context."""
    given: list[type] = []
    if _HEAVY not in sys.modules and "spacy_transformers" not in sys.modules:
        given = [AutoModel, AutoTokenizer]
    for cls in given:
        setattr(transformers, cls.__name__, cls)
    try:
        yield
    finally:
        for cls in given:
            # Unless the real one was loaded in between.
            if vars(transformers).get(cls.__name__) is cls:
                delattr(transformers, cls.__name__)


with _stand_ins():
    from spacy_transformers import Transformer, install_extensions
    from spacy_transformers.data_classes import (
        FullTransformerBatch,
        HFObjects,
        TransformerData,
        WordpieceBatch,
    )
    from spacy_transformers.layers import (
        TransformerListener,
        TransformerModel,
        split_trf_batch,
    )
    from spacy_transformers.layers._util import replace_listener, replace_listener_cfg
    from spacy_transformers.pipeline_component import DOC_EXT_ATTR
    from spacy_transformers.util import registry  # type: ignore[attr-defined]

__all__ = [
    "DOC_EXT_ATTR",
    "FullTransformerBatch",
    "HFObjects",
    "Transformer",
    "TransformerData",
    "TransformerListener",
    "TransformerModel",
    "WordpieceBatch",
    "install_extensions",
    "registry",
    "replace_listener",
    "replace_listener_cfg",
    "split_trf_batch",
]
