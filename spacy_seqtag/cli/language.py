"""The language that an option names."""

from spacy.util import get_lang_class
from spacy.vocab import Vocab

from ..corpus.tokenizer import LazyTokenizer, TokenizerError
from ..errors import one_line
from . import fail


def check_language(lang: str) -> None:
    """Check that spaCy has a language and its tokenizer, or print why not and exit with code 1.

    lang (str): Its code.
    """
    try:
        get_lang_class(lang)
    except ImportError:
        fail(f"--lang {lang}: spaCy knows no such language. Give a code such as en, de or xx")
    try:
        LazyTokenizer(lang, Vocab())("")
    except TokenizerError as error:
        fail(f"{one_line(error).rstrip('.')}. Install it, or give --lang xx")
