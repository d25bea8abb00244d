"""The configuration and the tokenizer of a saved encoder.

Whoever made a saved pipeline may mean harm: nothing in it names a file to write or to read, code to
run, or a model to download.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, AutoTokenizer, PretrainedConfig

from ..errors import settings_error

# What fast tokenizers save.
TOKENIZER_FILES = (
    "added_tokens.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
# Settings that name code, which transformers would import or download.
_CODE = {
    "auto_map",
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
    "trust_remote_code",
    "init_inputs",
}
# Where the model was loaded from: a folder of whoever trained the pipeline, or a temporary one.
_SOURCE = {"_name_or_path", "name_or_path"}


def digest_of(parts: Iterable[bytes]) -> str:
    """SHA-256 of some bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def tokenizer_to_bytes(tokenizer: Any) -> dict[str, bytes]:
    """The files of a fast tokenizer, by name."""
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder, legacy_format=False)
        files = {name: Path(folder) / name for name in TOKENIZER_FILES}
        return {name: path.read_bytes() for name, path in files.items() if path.exists()}


def config_to_json(config: Any) -> str:
    """A configuration of transformers, without what says where it came from."""
    return _without(config.to_json_string(use_diff=False), _CODE | _SOURCE)


def load_pretrained(files: Mapping[str, bytes], config_json: str) -> tuple[Any, Any]:
    """The configuration and the tokenizer of a saved encoder.

    files: from `tokenizer_to_bytes`. config_json: from `config_to_json`.

    Raises ConfigValidationError (a ValueError) for other files than those of a tokenizer, and for
    a model that would run code of its own or download weights.
    """
    unknown = sorted(set(files).difference(TOKENIZER_FILES))
    if unknown:
        raise settings_error(
            f"The file 'model' of the transformer component brings a file {unknown[0]!r}, which no "
            "tokenizer has. Nothing was written; do not use a pipeline from this source."
        )
    kind = json.loads(config_json).get("model_type")
    if kind not in CONFIG_MAPPING:
        raise settings_error(
            f"The encoder of the transformer component is of the type {kind!r}, which transformers "
            "does not have, and code that a saved pipeline names is never run. Register its "
            "classes before loading (transformers.AutoConfig.register, AutoModel.register)."
        )
    settings = files.get("tokenizer_config.json", b"{}")
    with TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        (Path(folder) / "tokenizer_config.json").write_text(
            _without(settings, _CODE | _SOURCE), "utf8"
        )
        config_path = Path(folder) / "config.json"
        config_path.write_text(_without(config_json, _CODE | _SOURCE), "utf8")
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )
    if any(getattr(part, "use_pretrained_backbone", False) for part in _parts(config)):
        raise settings_error(
            f"The encoder of the transformer component ({config.model_type}) has a backbone that "
            "would be downloaded; an encoder of text has none."
        )
    config._name_or_path = tokenizer.name_or_path = ""
    return config, tokenizer


def _parts(config: PretrainedConfig) -> Iterator[PretrainedConfig]:
    """A configuration and those of the models that it is made of."""
    yield config
    for value in vars(config).values():
        if isinstance(value, PretrainedConfig):
            yield from _parts(value)


def _without(text: str | bytes, names: set[str]) -> str:
    """JSON without the settings of these names, and those of files elsewhere, which would be read;
    however deep they are."""

    def keep(settings: dict[str, Any]) -> dict[str, Any]:
        return {
            key: value
            for key, value in settings.items()
            if key not in names and not key.endswith("_file")
        }

    return json.dumps(json.loads(text, object_hook=keep), indent=2, sort_keys=True)
