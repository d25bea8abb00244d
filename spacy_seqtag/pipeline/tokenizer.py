"""The tokenizer of whichever language a pipeline has."""

from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ..errors import settings_error


@registry.tokenizers("spacy_seqtag.LanguageTokenizer.v1")  # type: ignore[untyped-decorator]
def create_language_tokenizer() -> Callable[[Language], Callable[[str], Doc]]:
    """Create the tokenizer that spaCy gives to the language in `[nlp] lang`.

    For most languages that is `spacy.Tokenizer.v1` with their rules. Chinese, Japanese, Korean,
    Thai and Vietnamese have tokenizers of their own. With this one, a config works for all of them:
    a config that names one of theirs would cut other languages wrongly, and one that names
    `spacy.Tokenizer.v1` would take a Chinese sentence for a word. The tokenizers have spaCy's
    default settings; for others, name the tokenizer itself in the config.

    RAISES: ConfigValidationError (a ValueError): The tokenizer needs a package that is not
        installed. The message names it.
    """
    # spaCy comes here before it imports the factories of all packages, spacy-transformers' among
    # them. What is imported here has to be first.
    from ..models import spacy_transformers  # noqa: F401

    def create_tokenizer(nlp: Language) -> Callable[[str], Doc]:
        default = {"tokenizer": nlp.default_config["nlp"]["tokenizer"]}
        try:
            tokenizer: Callable[[str], Doc] = registry.resolve(default)["tokenizer"](nlp)
        except ImportError as err:
            reason = " ".join(str(err).split())
            raise settings_error(
                f"[nlp] lang = {nlp.lang!r}: the tokenizer of this language needs a package that "
                f"is not installed. {reason}"
            ) from err
        return tokenizer

    return create_tokenizer
