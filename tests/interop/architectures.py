"""Tiny models for token classification with random weights, one of each encoder.

A tokenizer of each kind is trained on the sentences of the embedded corpus: WordPiece (BERT,
DistilBERT, ELECTRA), byte-level BPE (RoBERTa), and SentencePiece's unigrams (CamemBERT, XLM-R,
DeBERTa). Small vocabularies leave many words in several wordpieces, and some behind a lone "▁".
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tokenizers import (
    BertWordPieceTokenizer,
    ByteLevelBPETokenizer,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

ENTITIES = ["B-LOC", "I-LOC", "O", "B-PER", "I-PER"]

_SIZE = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
_DISTIL = {"n_layers": 2, "n_heads": 2, "dim": 32, "hidden_dim": 48}
_SENTENCEPIECE = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
_DEBERTA = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]


def wordpieces(folder: Path, texts: list[str], cls: str) -> Any:
    """Uncased WordPiece."""
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(texts, vocab_size=400, show_progress=False)
    tokenizer.save_model(str(folder))
    return getattr(hf, cls)(str(folder / "vocab.txt"), model_max_length=128)


def byte_level(folder: Path, texts: list[str], cls: str, add_prefix_space: bool = True) -> Any:
    """BPE of bytes, with the space before a word as a part of it."""
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=add_prefix_space)
    tokenizer.train_from_iterator(
        texts, vocab_size=500, special_tokens=_SENTENCEPIECE, show_progress=False
    )
    tokenizer.save_model(str(folder))
    files = str(folder / "vocab.json"), str(folder / "merges.txt")
    return getattr(hf, cls)(*files, model_max_length=128, add_prefix_space=add_prefix_space)


def unigrams(folder: Path, texts: list[str], cls: str) -> Any:
    """SentencePiece's unigrams, cased, with "▁" for the space before a word."""
    deberta = cls.startswith("Deberta")
    special = _DEBERTA if deberta else _SENTENCEPIECE
    unknown = "[UNK]" if deberta else "<unk>"
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=special, unk_token=unknown, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    first, last = ("[CLS]", "[SEP]") if deberta else ("<s>", "</s>")
    ids = {token: tokenizer.token_to_id(token) for token in (first, last)}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=list(ids.items())
    )
    tokenizer.save(str(folder / "unigrams.json"))
    return getattr(hf, cls)(tokenizer_file=str(folder / "unigrams.json"), model_max_length=128)


@dataclass(frozen=True)
class Architecture:
    """An encoder: its classes in transformers, and its sizes.

    kind: its model_type. config, tokenizer: names of classes. make: trains the tokenizer. sizes:
    for the config. fused: whether the fused network runs it. word_by_word: whether the converted
    pipeline reads words separately.
    """

    kind: str
    config: str
    tokenizer: str
    make: Callable[..., Any]
    sizes: dict[str, Any]
    fused: bool = False
    settings: dict[str, Any] | None = None
    word_by_word: bool = True

    def save(self, folder: Path, texts: list[str], labels: list[str] | None = None) -> Path:
        """Save a model with random weights for these labels."""
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = self.make(folder, texts, self.tokenizer, **(self.settings or {}))
        tokenizer.save_pretrained(folder)
        labels = ENTITIES if labels is None else labels
        sizes = {"hidden_size": 32, **_SIZE} if self.kind != "distilbert" else _DISTIL
        config = getattr(hf, self.config)(
            **{**sizes, **self.sizes},
            vocab_size=len(tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
        )
        torch.manual_seed(0)
        model = hf.AutoModelForTokenClassification.from_config(config)
        with torch.no_grad():  # of which the best label is clear, and not the same for all words
            for weights in model.parameters():
                weights.mul_(4.0) if weights.dim() > 1 else weights.add_(
                    torch.randn_like(weights) / 5
                )
        model.save_pretrained(folder)
        return folder


_ROBERTA = {"max_position_embeddings": 130, "type_vocab_size": 1}
BERT = Architecture(
    "bert",
    "BertConfig",
    "BertTokenizerFast",
    wordpieces,
    {"max_position_embeddings": 128},
    fused=True,
)
ROBERTA = Architecture(
    "roberta", "RobertaConfig", "RobertaTokenizerFast", byte_level, _ROBERTA, fused=True
)
# Which takes no words that are separated already.
ROBERTA_TEXT = Architecture(
    "roberta",
    "RobertaConfig",
    "RobertaTokenizerFast",
    byte_level,
    _ROBERTA,
    fused=True,
    settings={"add_prefix_space": False},
    word_by_word=False,
)
ARCHITECTURES = {
    "bert": BERT,
    "roberta": ROBERTA,
    "roberta-text": ROBERTA_TEXT,
    "distilbert": Architecture(
        "distilbert",
        "DistilBertConfig",
        "DistilBertTokenizerFast",
        wordpieces,
        {"max_position_embeddings": 128},
    ),
    "electra": Architecture(
        "electra",
        "ElectraConfig",
        "ElectraTokenizerFast",
        wordpieces,
        {"embedding_size": 16, "max_position_embeddings": 128},
    ),
    "deberta-v2": Architecture(
        "deberta-v2",
        "DebertaV2Config",
        "DebertaV2TokenizerFast",
        unigrams,
        {
            "relative_attention": True,
            "position_biased_input": False,
            "pos_att_type": ["c2p", "p2c"],
            "max_position_embeddings": 128,
        },
    ),
    "deberta-v3": Architecture(
        "deberta-v2",
        "DebertaV2Config",
        "DebertaV2TokenizerFast",
        unigrams,
        {
            "relative_attention": True,
            "position_biased_input": False,
            "pos_att_type": ["c2p", "p2c"],
            "max_position_embeddings": 128,
            "position_buckets": 32,
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
            "type_vocab_size": 0,
        },
    ),
    "xlm-roberta": Architecture(
        "xlm-roberta",
        "XLMRobertaConfig",
        "XLMRobertaTokenizerFast",
        unigrams,
        _ROBERTA,
        fused=True,
    ),
    "camembert": Architecture(
        "camembert", "CamembertConfig", "CamembertTokenizerFast", unigrams, _ROBERTA, fused=True
    ),
}
