"""The systems that are compared, a file for each library.

Each reads the same text and is written as its users write it. Libraries are imported when a system
is loaded, so that none pays for those of another.
"""

from .bare_encoder import Limit, LimitOfDocuments
from .base import Plan, Skip, System
from .flair_tagger import Flair
from .hugging_face import Bfloat16Loop, Float32Loop, HuggingFacePipeline
from .pipelines import Ours, OursPos, OursPosNer, OursPosNerSrl, Spacy, load_ours, make_doc

__all__ = [
    "SYSTEMS",
    "Float32Loop",
    "Limit",
    "Ours",
    "OursPosNer",
    "OursPosNerSrl",
    "Plan",
    "Skip",
    "Spacy",
    "load_ours",
    "make_doc",
]

SYSTEMS: dict[str, type[System]] = {
    "ours-pos": OursPos,
    "ours-pos-ner": OursPosNer,
    "ours-pos-ner-srl": OursPosNerSrl,
    "spacy": Spacy,
    "hf-pipeline": HuggingFacePipeline,
    "loop-fp32": Float32Loop,
    "loop-bf16": Bfloat16Loop,
    "flair": Flair,
    "limit-documents": LimitOfDocuments,
    "limit": Limit,
}
"""The systems, by the name that `--systems` takes."""
