"""Find the pretrained encoder that a config names, before training starts."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ..errors import settings_error


@registry.callbacks("spacy_seqtag.find_base_model.v1")
def make_find_base_model() -> Callable[[Language], Language]:
    """Create a callback for `[initialize.before_init]` that finds the transformer's base model.

    The `name` of a `TransformerModel` may be a Hugging Face hub name, a folder with a saved
    model, or the import name of an installed package that carries one. A package is turned into
    the folder inside it; the config keeps the portable name. What does not exist is an error
    before any time is spent.

    Raises ConfigValidationError (a ValueError) if the model cannot be found or read.
    """

    def find_base_model(nlp: Language) -> Language:
        for component, encoder in _encoders(nlp):
            name = str(encoder.attrs["name"])
            encoder.attrs["name"] = resolve(name, component)
        return nlp

    return find_base_model


def resolve(name: str, component: str = "transformer") -> str:
    """The folder or hub name for the name of a base model.

    Raises ConfigValidationError (a ValueError) if the model cannot be found or read.
    """
    from transformers import AutoConfig

    where = f"[components.{component}.model] name = {name!r}: "
    source = name
    if not Path(name).exists():
        packaged = _folders_in_package(name)
        if packaged:
            source = str(packaged[0])
        elif name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1:
            raise settings_error(
                f"{where}there is no such folder. Give the folder of a saved model "
                "(config.json, weights, tokenizer), a hub name, or an installed package."
            )
    try:
        AutoConfig.from_pretrained(source)
    except (OSError, ValueError) as err:
        reason = str(err).strip().splitlines()[0]
        raise settings_error(
            f"{where}no model was found under this name: it is neither a folder nor an "
            f"installed package with a model, and could not be loaded from the hub ({reason})"
        ) from err
    return source


def _folders_in_package(name: str) -> list[Path]:
    """Folders with a saved model in an installed package; the outermost first."""
    package = name.replace("-", "_")
    if not package.isidentifier():
        return []
    spec = find_spec(package)
    if spec is None:
        return []
    roots = spec.submodule_search_locations or []
    configs = [path for root in roots for path in Path(root).rglob("config.json")]
    # A folder with weights: packages hold other files named config.json, too.
    folders = [path.parent for path in configs if any(path.parent.glob("*.safetensors"))]
    return sorted(folders, key=lambda path: (len(path.parts), str(path)))


def _encoders(nlp: Language) -> "Iterator[tuple[str, Model]]":
    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for node in model.walk():
                if "has_transformer" in node.attrs and not node.attrs["has_transformer"]:
                    yield name, node
