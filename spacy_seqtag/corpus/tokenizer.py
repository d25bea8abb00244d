"""The tokenizer of a language, or of a trained pipeline, without the rest of it."""

from collections.abc import Callable

from spacy.tokens import Doc
from spacy.util import get_lang_class, load_model, registry
from spacy.vocab import Vocab

from ..errors import message_of
from ..loading import check_pipeline


class TokenizerError(ValueError):
    """A tokenizer that cannot be had. Its text is one line: whose, why, and what to do."""


class LazyTokenizer:
    """A tokenizer that is made when the first text comes.

    lang (str): Code of its language.
    vocab (Vocab): The vocabulary of its Docs.
    pipeline (str | None): A pipeline, whose tokenizer it is; None for that of the language.
    """

    def __init__(self, lang: str, vocab: Vocab, pipeline: str | None = None) -> None:
        self.lang = lang
        self.vocab = vocab
        self.pipeline = pipeline
        self._tokenize: Callable[[str], Doc] | None = None

    def __call__(self, text: str) -> Doc:
        """Cut a text into words.

        RAISES: TokenizerError: No such pipeline; a language whose tokenizer needs what is missing.
        """
        if self._tokenize is None:
            self._tokenize = self._make()
        return self._tokenize(text)

    def _make(self) -> Callable[[str], Doc]:
        if self.pipeline is not None:
            try:
                check_pipeline(self.pipeline)
                nlp = load_model(self.pipeline, vocab=self.vocab)
            except (ValueError, OSError) as error:
                raise TokenizerError(f"--tokenizer {message_of(error)}") from error
            tokenize: Callable[[str], Doc] = nlp.tokenizer
            return tokenize
        try:
            return self._of_language()
        except ImportError as error:
            raise TokenizerError(
                f"--lang {self.lang}: its tokenizer needs a package that is not installed: "
                f"{message_of(error)}"
            ) from error

    def _of_language(self) -> Callable[[str], Doc]:
        language = get_lang_class(self.lang)
        settings = language.Defaults.config.get("nlp", {}).get("tokenizer") or {
            "@tokenizers": "spacy.Tokenizer.v1"
        }
        create = registry.resolve({"tokenizer": settings})["tokenizer"]
        made: Callable[[str], Doc] = create(_Language(self.lang, self.vocab, language.Defaults))
        return made


class _Language:
    """What a tokenizer wants of a pipeline. A whole one would load all that plugs into spaCy."""

    def __init__(self, lang: str, vocab: Vocab, defaults: object) -> None:
        self.lang = lang
        self.vocab = vocab
        self.Defaults = defaults
