"""Find and load the pretrained encoder that a config names: a folder, a package, or a hub name."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig
from transformers.configuration_utils import PretrainedConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from ..errors import first_line, one_line, settings_error
from .spacy_transformers import HFObjects

Settings = dict[str, Any]
"""Settings for transformers; it alone knows their names and types."""

# What tokenizers are saved as.
_TOKENIZER_FILES = ("tokenizer*", "vocab*", "merges.txt", "*.model")


def load_pretrained(
    name: str, tokenizer_config: Settings, transformer_config: Settings
) -> HFObjects:
    """Load the tokenizer and the network of a base model, the weights in float32.

    Code that the model brings runs only if `trust_remote_code` is among the settings. This is said
    to transformers explicitly, which would otherwise ask whoever sits at a terminal.

    name (str): See `resolve`.
    tokenizer_config, transformer_config (dict[str, Any]): Settings for transformers.
    RETURNS (HFObjects): The tokenizer and the network.
    RAISES: ConfigValidationError (a ValueError): if the model cannot be found or read.
    """
    from transformers import AutoModel

    no_code = {"trust_remote_code": False}
    settings = {**no_code, **transformer_config}
    trust = {"trust_remote_code": settings["trust_remote_code"]}
    source = resolve(name, **trust)
    where = _setting("transformer", name)
    try:
        config = AutoConfig.from_pretrained(source, **settings)
        transformer = AutoModel.from_pretrained(
            source, config=config, torch_dtype=torch.float32, **trust
        )
    except (ImportError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # readers of many formats, each with errors of its own
        raise settings_error(
            f"{where}its network cannot be read ({first_line(error)}). Save the model again, or "
            "name another one"
        ) from error
    tokenizer = load_tokenizer(source, where, {**no_code, **tokenizer_config})
    return HFObjects(tokenizer, transformer, None)


def find_tokenizer(name: str, where: str) -> PreTrainedTokenizerBase:
    """Find a base model and load its tokenizer alone, a fast one if it has one.

    name (str), where (str): See `find_model`.
    RETURNS (PreTrainedTokenizerBase): The tokenizer.
    RAISES: ConfigValidationError (a ValueError): The model cannot be found, or its tokenizer read.
    """
    settings = {"use_fast": True, "trust_remote_code": False}
    return load_tokenizer(find_model(name, where), where, settings)


def find_config(name: str, where: str) -> PretrainedConfig:
    """Find a base model and load its configuration alone.

    name (str), where (str): See `find_model`.
    RETURNS (PretrainedConfig): The configuration.
    RAISES: ConfigValidationError (a ValueError): The model cannot be found or read.
    """
    config: PretrainedConfig = AutoConfig.from_pretrained(
        find_model(name, where), trust_remote_code=False
    )
    return config


def load_tokenizer(source: str, where: str, settings: Settings) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a base model.

    source (str): From `find_model`.
    where (str): Who asks for it: what the message begins with.
    settings (dict[str, Any]): For transformers.
    RETURNS (PreTrainedTokenizerBase): The tokenizer.
    RAISES: ConfigValidationError (a ValueError): It cannot be read, or is not there.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(  # type: ignore[no-untyped-call]
            source, **settings
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # where there is no file, that a library is missing, or a TypeError
        folder = Path(source)
        lacks = folder.is_dir() and not any(any(folder.glob(name)) for name in _TOKENIZER_FILES)
        reason = "there is none of its files" if lacks else one_line(error)
        raise settings_error(
            f"{where}its tokenizer cannot be read ({reason}). Save it in the folder of the model, "
            "or name another model"
        ) from error
    return tokenizer


def resolve(name: str, component: str = "transformer", *, trust_remote_code: bool = False) -> str:
    """Find the folder or hub name for the name of a base model.

    The hub is asked once, and not at all for a model that is in its local cache.

    name (str): A folder with a saved model, the import name of an installed package that carries
        one, or a Hugging Face hub name; looked for in this order.
    component (str): Whose setting it is, for the message.
    trust_remote_code (bool): Whether code that the model brings may run, see transformers.
    RETURNS (str): What `from_pretrained` of transformers takes.
    RAISES: ConfigValidationError (a ValueError): if the model cannot be found or read.
    """
    return find_model(
        name,
        _setting(component, name),
        trust_remote_code=trust_remote_code,
    )


def _setting(component: str, name: str) -> str:
    return f"[components.{component}.model] name = {name!r}: "


def find_model(name: str, where: str, *, trust_remote_code: bool = False) -> str:
    """Find the folder or hub name for the name of any model of transformers, as `resolve` does.

    name (str): A folder, an installed package, or a hub name.
    where (str): Who asks for it: what the message begins with.
    trust_remote_code (bool): Whether code that the model brings may run, see transformers.
    RETURNS (str): What `from_pretrained` of transformers takes.
    RAISES: ConfigValidationError (a ValueError): if the model cannot be found or read.
    """
    source = _folder(name)
    if source is None and (name.startswith((".", "~", "/")) or "\\" in name or name.count("/") > 1):
        raise settings_error(
            f"{where}there is no such folder. Give the folder of a saved model "
            "(config.json, weights, tokenizer), a hub name, or an installed package."
        )
    # Transformers would take a folder without one that is called mybert for a BERT.
    if source is not None and Path(source).is_dir() and not Path(source, "config.json").is_file():
        raise settings_error(
            f"{where}this folder has no model (no config.json). Give the folder of a saved model "
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
    """Find the folder with the model, unless only the hub can have it."""
    if Path(name).exists():
        return name
    packaged = _folders_in_package(name)
    return str(packaged[0]) if packaged else None


def _folders_in_package(name: str) -> list[Path]:
    """Find folders with a saved model in an installed package; the outermost first."""
    package = name.replace("-", "_")
    if not package.isidentifier():
        return []
    spec = find_spec(package)
    if spec is None:
        return []
    roots = spec.submodule_search_locations or []
    configs = [path for root in roots for path in Path(root).rglob("config.json")]
    # Only folders with weights: packages hold other files named config.json, too.
    folders = [path.parent for path in configs if any(path.parent.glob("*.safetensors"))]
    return sorted(folders, key=lambda path: (len(path.parts), str(path)))


def _ask_hub(name: str, trust_remote_code: bool) -> str | None:
    """Say why the hub does not give a model, or None if it does.

    Without a connection `from_pretrained` alone would ask six times over half a minute.
    """
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, timeout=10.0)
        AutoConfig.from_pretrained(name, trust_remote_code=trust_remote_code)
    except Exception as err:  # the HTTP library and its errors depend on the version of the hub
        return first_line(err)
    return None
