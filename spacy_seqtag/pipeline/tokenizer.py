"""The tokenizer of whichever language a pipeline has."""

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ..errors import settings_error


@registry.tokenizers("spacy_seqtag.LanguageTokenizer.v1")
def create_language_tokenizer() -> Callable[[Language], Callable[[str], Doc]]:
    """Create the tokenizer that spaCy gives to the language in `[nlp] lang`.

    For most languages that is `spacy.Tokenizer.v1` with their rules. Chinese, Japanese, Korean,
    Thai and Vietnamese have tokenizers of their own; a config that named one of them would cut
    other languages wrongly, and one that names `spacy.Tokenizer.v1` takes a Chinese sentence for
    a word. Their settings are spaCy's defaults; for others name that tokenizer in the config.

    Raises ConfigValidationError (a ValueError) if the tokenizer needs a package that is not
    installed; the message names it.
    """

    def create_tokenizer(nlp: Language) -> Callable[[str], Doc]:
        default = {"tokenizer": nlp.default_config["nlp"]["tokenizer"]}
        try:
            return registry.resolve(default)["tokenizer"](nlp)
        except ImportError as err:
            reason = " ".join(str(err).split())
            raise settings_error(
                f"[nlp] lang = {nlp.lang!r}: the tokenizer of this language needs a package that "
                f"is not installed. {reason}"
            ) from err

    return create_tokenizer
