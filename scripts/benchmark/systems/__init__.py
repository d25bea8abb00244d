"""The systems that are compared, a file for each library.

Each reads the same text and is written as its users write it. Libraries are imported when a system
is loaded, so that none pays for those of another.
"""

from .bare_encoder import Limit, LimitOfDocuments, LimitOfDocumentsFloat32
from .base import Plan, Skip, System
from .flair_tagger import Flair
from .hugging_face import Bfloat16Loop, Float32Loop, HuggingFacePipeline
from .pipelines import (
    Ours,
    OursPos,
    OursPosNer,
    OursPosNerFloat32,
    OursPosNerInt8,
    OursPosNerSrl,
    OursPosNerSrlInt8,
    Spacy,
    load_ours,
    make_doc,
)

__all__ = [
    "SYSTEMS",
    "Float32Loop",
    "Limit",
    "Ours",
    "OursPosNer",
    "OursPosNerInt8",
    "OursPosNerSrl",
    "OursPosNerSrlInt8",
    "Plan",
    "Skip",
    "Spacy",
    "load_ours",
    "make_doc",
]

SYSTEMS: dict[str, type[System]] = {
    "ours-pos": OursPos,
    "ours-pos-ner": OursPosNer,
    "ours-pos-ner-fp32": OursPosNerFloat32,
    "ours-pos-ner-int8": OursPosNerInt8,
    "ours-pos-ner-srl": OursPosNerSrl,
    "ours-pos-ner-srl-int8": OursPosNerSrlInt8,
    "spacy": Spacy,
    "hf-pipeline": HuggingFacePipeline,
    "loop-fp32": Float32Loop,
    "loop-bf16": Bfloat16Loop,
    "flair": Flair,
    "limit-documents": LimitOfDocuments,
    "limit-documents-fp32": LimitOfDocumentsFloat32,
    "limit": Limit,
}
"""The systems, by the name that `--systems` takes."""
