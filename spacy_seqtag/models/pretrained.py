"""Find the pretrained encoder that a config names: a folder, a package, or a hub name."""

from importlib.util import find_spec
from pathlib import Path

from ..errors import first_line, settings_error


def resolve(name: str, component: str = "transformer", *, trust_remote_code: bool = False) -> str:
    """The folder or hub name for the name of a base model.

    name: a folder with a saved model, the import name of an installed package that carries one,
        or a Hugging Face hub name; looked for in this order. The hub is asked once, and not at
        all for a model that is in its local cache.
    component: whose setting it is, for the message.
    trust_remote_code: whether code that the model brings may run, see transformers.

    Raises ConfigValidationError (a ValueError) if the model cannot be found or read.
    """
    from transformers import AutoConfig

    where = f"[components.{component}.model] name = {name!r}: "
    source = _folder(name)
    if source is None and (name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1):
        raise settings_error(
            f"{where}there is no such folder. Give the folder of a saved model "
            "(config.json, weights, tokenizer), a hub name, or an installed package."
        )
    try:
        AutoConfig.from_pretrained(
            source or name, local_files_only=True, trust_remote_code=trust_remote_code
        )
    except (OSError, ValueError) as err:
        reason = first_line(err) if source else _ask_hub(name, trust_remote_code)
        if reason is not None:
            raise settings_error(
                f"{where}no model was found under this name: it is neither a folder nor an "
                f"installed package with a model, and could not be loaded from the hub ({reason})"
            ) from err
    return source or name


def _folder(name: str) -> str | None:
    """The folder with the model, unless it is the hub's."""
    if Path(name).exists():
        return name
    packaged = _folders_in_package(name)
    return str(packaged[0]) if packaged else None


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


def _ask_hub(name: str, trust_remote_code: bool) -> str | None:
    """Why the hub does not give a model, or None if it does.

    Without a connection `from_pretrained` alone would ask six times over half a minute.
    """
    from huggingface_hub import HfApi
    from transformers import AutoConfig

    try:
        HfApi().model_info(name, timeout=10.0)
        AutoConfig.from_pretrained(name, trust_remote_code=trust_remote_code)
    except Exception as err:  # those of requests or of httpx, by the version
        return first_line(err)
    return None
