# ruff: noqa: RUF001  (letters of one script that look like those of another)
"""Texts in many scripts: from corpus files to training, annotation, saving, JSON and HTML."""

import json
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_seqtag.corpus.check.survey import Survey
from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.frames import problems, propositions
from spacy_seqtag.models.windows import boundaries
from spacy_seqtag.records import make_record
from spacy_seqtag.report.html import render_html, render_parts
from spacy_seqtag.training.fit_config import Data, Encoder, fit


@dataclass(frozen=True)
class Case:
    """A sentence: its words, and what is right of them.

    lang (str): Code of the language. text (str): With "|" between words that no blank parts.
    verb (int): The predicate, `give.01`; the words before and after it are its ARG0 and ARG1.
    name (int): A word that is an entity.
    final (int): How many words at the end are final punctuation.
    direction (str): Of the script. cased (bool): Whether it has capitals.
    """

    lang: str
    text: str
    verb: int
    name: int
    final: int = 1
    direction: str = "ltr"
    cased: bool = False

    @property
    def words(self):
        return self.text.replace("|", " ").split()

    @property
    def spaces(self):
        return [self.text[i] == " " for i, char in enumerate(self.text) if char in " |"] + [False]

    @property
    def plain(self):
        return self.text.replace("|", "")


CASES = {
    "Latin": Case("fr", unicodedata.normalize("NFD", "Zoë prêta l'|école|."), 1, 0, cased=True),
    "Cyrillic": Case("ru", "Анна дала ему книгу|.", 1, 0, cased=True),
    "Greek": Case("el", "Η Άννα έδωσε το βιβλίο|.", 2, 1, cased=True),
    "Arabic": Case("ar", "مَرْيَم أعطته كتابًا|؟", 1, 0, direction="rtl"),
    "Hebrew": Case("he", "מרים נתנה סֵפֶר ליוסף|.", 1, 0, direction="rtl"),
    "Devanagari": Case("hi", "मीरा किताब दी उसे|।", 2, 0),
    "Han": Case("zh", "小明|给|她|一|本|书|。", 1, 0),
    "Japanese": Case("ja", "花子|は|彼|に|本|を|あげ|た|。", 6, 0),
    "Thai": Case("th", "มาลี|ให้|หนังสือ|เขา", 1, 0, final=0),
    "Khmer": Case("km", "មុំ|ឲ្យ|សៀវភៅ|។", 1, 0),
    "Ethiopic": Case("am", "ሣራ መጽሐፍ ሰጠችው ዛሬ|።", 2, 0),
    "Hangul": Case("ko", "민수가 책을 주었다 그에게|.", 2, 0),
    "emoji": Case("en", "Ann 👩‍👩‍👧|🇫🇷 gave ❤️|!", 3, 0, cased=True),
    "Georgian": Case("ka", "ნინომ მისცა მას წიგნი|!", 1, 0),
}
# Encoders of words, of bytes, and of pieces of text.
ENCODERS = ("wordpiece", "bytes", "sentencepiece")


def test_cases_are_what_they_say():
    for case in CASES.values():
        assert case.plain == Doc(spacy.blank("xx").vocab, case.words, case.spaces).text
        assert len(case.words) == len(case.spaces)


# Files to Docs


def conllu(case):
    """The case as CoNLL-U with entities and roles."""
    rows = ["# newdoc id = a", f"# text = {case.plain}"]
    for i, (word, space) in enumerate(zip(case.words, case.spaces, strict=True)):
        role = {case.verb - 1: "ARG0", case.verb + 1: "ARG1"}.get(i)
        misc = {
            "NE": "B-PER" if i == case.name else "O",
            "Roleset": "give.01" if i == case.verb else None,
            "Roles": f"{case.verb + 1}:B-{role}" if role else None,
            "SpaceAfter": None if space or i == len(case.words) - 1 else "No",
        }
        cells = "|".join(f"{key}={value}" for key, value in misc.items() if value)
        pos = "PUNCT" if i >= len(case.words) - case.final else "VERB" if i == case.verb else "NOUN"
        rows.append(f"{i + 1}\t{word}\t_\t{pos}\t_\t_\t_\t_\t_\t{cells}")
    return "\n".join(["# srl = annotated", *rows, "", ""])


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """By case, its gold Doc as `convert` makes it."""
    folder = tmp_path_factory.mktemp("scripts")
    docs = {}
    for number, (name, case) in enumerate(CASES.items()):
        source, target = folder / f"{number}.conllu", folder / f"{number}.spacy"
        source.write_text(conllu(case), "utf8")
        convert([source], target, lang="xx")
        (docs[name],) = read_docs(target, spacy.blank("xx").vocab)
    return docs


@pytest.mark.parametrize("name", CASES)
def test_conversion_keeps_words_and_places(converted, name):
    case, doc = CASES[name], converted[name]
    assert [token.text for token in doc] == case.words
    assert doc.text == case.plain
    assert [ent.text for ent in doc.ents] == [case.words[case.name]]
    (prop,) = propositions(doc)
    assert prop.predicate == case.verb
    assert [(a.start, a.role) for a in prop.arguments] == [
        (case.verb - 1, "ARG0"),
        (case.verb + 1, "ARG1"),
    ]


# Settings


@pytest.mark.parametrize("name", CASES)
def test_word_case_is_on_where_the_script_has_capitals(converted, name):
    doc = converted[name]
    data = Data(Path("a.spacy"), Survey("a.spacy"))
    data.add(doc)
    for is_uncased in (True, False):
        choices = fit(["pos"], data, None, Encoder("a", is_uncased), lang="xx")
        assert choices.word_case is (is_uncased and CASES[name].cased)


# Windows


@pytest.mark.parametrize("name", CASES)
def test_windows_end_at_the_final_punctuation_of_the_script(name):
    case = CASES[name]
    twice = Doc(spacy.blank("xx").vocab, case.words * 2, case.spaces * 2)
    assert boundaries(twice).tolist() == ([len(case.words)] if case.final else [])


FINAL = ("ነው።", "said！", "؟", "?!", "...", "…", "។", "。", "։", "॥", "။", "۔")


@pytest.mark.parametrize("word", FINAL)
@pytest.mark.parametrize("closing", [(), ("”",), ("」", ")"), ("'",)])
def test_closing_quotes_belong_to_the_sentence(word, closing):
    words = ["a", word, *closing, "b", "c"]
    assert boundaries(Doc(spacy.blank("xx").vocab, words)).tolist() == [len(closing) + 2]


@pytest.mark.parametrize("word", ["U.S.", "３．", "،", "、", "，", ":", "7", "·", "¿", "「", ""])
def test_what_ends_no_sentence(word):
    words = ["a", *filter(None, [word]), "b"]
    assert boundaries(Doc(spacy.blank("xx").vocab, words)).tolist() == []


# Training


class Trained(NamedTuple):
    """A pipeline that knows all cases, and the folder where it is saved."""

    nlp: spacy.Language
    path: str


def save_encoder(kind, texts, folder):
    """Save a tiny random encoder, whose tokenizer is trained on these texts."""
    import tokenizers
    import torch
    import transformers

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    size |= {"intermediate_size": 64, "max_position_embeddings": 130}
    size |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    torch.manual_seed(0)
    if kind == "wordpiece":
        made = tokenizers.BertWordPieceTokenizer(lowercase=False, strip_accents=False)
        made.train_from_iterator(texts, vocab_size=500, show_progress=False)
        made.save_model(str(folder))
        tokenizer = transformers.BertTokenizerFast(
            str(folder / "vocab.txt"), do_lower_case=False, strip_accents=False
        )
        model = transformers.BertModel(transformers.BertConfig(len(tokenizer), **size))
    else:
        ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "type_vocab_size": 1}
        if kind == "bytes":
            made = tokenizers.ByteLevelBPETokenizer(add_prefix_space=False)
            made.train_from_iterator(
                texts, vocab_size=500, special_tokens=special, show_progress=False
            )
            made.save_model(str(folder))
            files = str(folder / "vocab.json"), str(folder / "merges.txt")
            tokenizer = transformers.RobertaTokenizerFast(*files)
            config, network = transformers.RobertaConfig, transformers.RobertaModel
        else:
            made = tokenizers.SentencePieceUnigramTokenizer()
            made.train_from_iterator(
                texts,
                vocab_size=300,
                special_tokens=special,
                unk_token="<unk>",
                show_progress=False,
            )
            made.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
            tokenizer = transformers.XLMRobertaTokenizerFast(tokenizer_object=made._tokenizer)
            config, network = transformers.XLMRobertaConfig, transformers.XLMRobertaModel
        model = network(config(vocab_size=len(tokenizer), **ids, **size))
    tokenizer.model_max_length = 128
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=ENCODERS)
def trained(request, tmp_path_factory, converted, train, one_thread):
    """For each encoder, a pipeline that was trained until it knows all cases."""
    folder = tmp_path_factory.mktemp(request.param)
    encoder = save_encoder(request.param, [case.plain for case in CASES.values()], folder)
    nlp = spacy.blank("xx")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": encoder}
    nlp.add_pipe("transformer", config={"model": {**model, "precision": "float32"}})
    for name in ("pos", "ner", "srl"):
        nlp.add_pipe(f"seqtag_{name}", name)
    examples = [Example(bare(doc), doc) for doc in converted.values()]
    nlp.initialize(lambda: examples)
    losses = train(nlp, examples, 150)
    assert max(losses[name] for name in ("pos", "ner", "srl")) < 0.1, losses
    nlp.to_disk(folder / "nlp")
    return Trained(nlp, str(folder / "nlp"))


def bare(doc):
    """The same words, without annotation."""
    return Doc(doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc])


def annotation(doc):
    ents = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    return [token.pos_ for token in doc], ents, propositions(doc)


@pytest.mark.parametrize("name", CASES)
def test_what_was_learned_is_annotated(trained, converted, name):
    gold = converted[name]
    doc = trained.nlp(bare(gold))
    assert annotation(doc) == annotation(gold)
    assert list(problems(doc)) == []
    lengths = np.asarray(doc._.trf_data.align.lengths)
    assert len(lengths) == len(doc)
    assert lengths.all(), "a word without wordpieces"


def test_the_saved_pipeline_says_the_same(trained, converted):
    again = spacy.load(trained.path)
    docs = [bare(doc) for doc in converted.values()]
    for one, two in zip(trained.nlp.pipe(docs), again.pipe([bare(d) for d in docs]), strict=True):
        assert annotation(one) == annotation(two)
    stored = DocBin(docs=docs).to_bytes()
    for doc, back in zip(docs, DocBin().from_bytes(stored).get_docs(again.vocab), strict=True):
        assert back.text == doc.text
        assert annotation(back) == annotation(doc)


@pytest.mark.parametrize("name", CASES)
def test_json_has_the_places_of_the_text(trained, converted, name):
    doc = trained.nlp(bare(converted[name]))
    record = json.loads(json.dumps(make_record(doc), ensure_ascii=False))
    (frame,) = record["frames"]
    spans = [*record["tokens"], *record["entities"], frame["predicate"], *frame["arguments"]]
    assert len(spans) == len(doc) + 4
    for span in spans:
        assert doc.text[span["start_char"] : span["end_char"]] == span["text"]


class Shown(HTMLParser):
    """The text of a page without white space, and the directions that it sets."""

    def __init__(self, html):
        super().__init__()
        self.text, self.directions = "", set()
        self.feed(html)

    def handle_data(self, data):
        self.text += "".join(data.split())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        styles = (attrs.get("style") or "").replace(" ", "").split(";")
        self.directions |= {s.partition(":")[2] for s in styles if s.startswith("direction:")}
        self.directions |= {attrs[key] for key in ("dir", "direction") if key in attrs}


@pytest.mark.parametrize("name", CASES)
def test_html_has_the_words_in_their_direction(trained, converted, name):
    case = CASES[name]
    doc = trained.nlp(bare(converted[name]))
    for html in (render_html(doc), render_parts(doc)):
        shown = Shown(html)
        assert shown.directions == {case.direction}
        for word in case.words:
            assert word in shown.text


# Raw text

# By language, the package that its tokenizer needs.
TOKENIZERS = {"ar": "", "ja": "sudachipy", "th": "pythainlp", "vi": "pyvi", "xx": "", "zh": ""}
VIETNAMESE = Case("vi", "Lan đưa sách cho anh|.", 1, 0, cased=True)


@pytest.mark.parametrize("lang", TOKENIZERS)
def test_raw_text_is_annotated_on_the_words_of_the_language(trained, converted, lang):
    if package := TOKENIZERS[lang]:
        pytest.importorskip(package, reason=f"the PyPI package {package} is not installed")
    config = {"@tokenizers": "spacy_seqtag.LanguageTokenizer.v1"}
    nlp = spacy.blank(lang, config={"nlp": {"tokenizer": config}})
    known = spacy.load(trained.path)
    cases = {**CASES, "Vietnamese": VIETNAMESE}
    for name, case in cases.items():
        if lang not in (case.lang, "xx"):
            continue
        made = nlp.make_doc(case.plain)
        assert made.text == case.plain
        words, spaces = [t.text for t in made], [bool(t.whitespace_) for t in made]
        doc = known(Doc(known.vocab, words, spaces))
        assert doc.text == case.plain
        assert doc.has_annotation("POS")
        assert doc.has_annotation("ENT_IOB")
        assert list(problems(doc)) == []
        if words == case.words and name in converted:
            assert annotation(doc) == annotation(converted[name])
        for token in make_record(doc)["tokens"]:
            assert case.plain[token["start_char"] : token["end_char"]] == token["text"]
