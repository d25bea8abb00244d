"""An encoder as bytes: its tokenizer, configuration and weights in a saved pipeline.

Whoever made a saved pipeline may mean harm, so nothing in these bytes is trusted:

- the tokenizer's files have the names that fast tokenizers give them, and no other;
- settings that name code, or files elsewhere, are dropped when saving and again when loading;
- no code of the model's own runs, and nothing is downloaded;
- weights are safetensors, and must be finite.

The digest tells damage, not malice: who writes the bytes can write the digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypedDict

import srsly
import torch
import transformers
from transformers import CONFIG_MAPPING, AutoConfig
from transformers.configuration_utils import PretrainedConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from ..errors import settings_error
from .network.bert_parts import AnyTransformer
from .network.encoder import EncoderNetwork
from .network.plain_encoder import PlainEncoder, is_plain_config
from .network.quantized import Range, Ranges, ranges_from_bytes, ranges_to_bytes
from .network.weights import weights_to_bytes
from .pretrained import Settings

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


class _Settings(TypedDict):
    """What is saved of every encoder."""

    tokenizer_config: Settings
    transformer_config: Settings


class _Saved(_Settings, total=False):
    """What is saved of an encoder; without the other entries where it was not initialized.

    tokenizer: The files of its tokenizer, by name.
    config: Its configuration, as JSON.
    weights: Its weights, as safetensors.
    ranges: The ranges of what its products read, as safetensors, where these were measured.
    sha256: The digest of those four; earlier versions saved none.
    """

    tokenizer: dict[str, bytes]
    config: str
    weights: bytes
    ranges: bytes
    sha256: str


class LoadedEncoder(NamedTuple):
    """An encoder that was read: the tokenizer, a network without weights, and its weights.

    weights (bytes): See `spacy_seqtag.models.network.weights`.
    ranges (dict[str, Range]): What its products read; empty where that was not measured.
    """

    tokenizer: PreTrainedTokenizerBase
    transformer: AnyTransformer
    weights: bytes
    ranges: dict[str, Range]


def encoder_to_bytes(
    tokenizer_config: Settings,
    transformer_config: Settings,
    tokenizer: PreTrainedTokenizerBase | None,
    network: EncoderNetwork | None,
    ranges: Ranges,
) -> bytes:
    """Save an encoder.

    tokenizer_config, transformer_config (dict[str, Any]): The settings that it was made with.
    tokenizer (PreTrainedTokenizerBase | None): Its tokenizer, a fast one.
    network (EncoderNetwork | None): Its network; None where it was not initialized.
    ranges (Ranges): What its products read; empty where that was not measured.
    RETURNS (bytes): What `encoder_from_bytes` takes.
    """
    msg: _Saved = {
        "tokenizer_config": dict(tokenizer_config),
        "transformer_config": dict(transformer_config),
    }
    if tokenizer is not None and network is not None:
        msg["tokenizer"] = tokenizer_to_bytes(tokenizer)
        msg["config"] = config_to_json(network.transformer.config)
        msg["weights"] = weights_to_bytes(network)
        if ranges:
            msg["ranges"] = ranges_to_bytes(ranges)
        msg["sha256"] = _digest(msg)
    saved: bytes = srsly.msgpack_dumps(msg)
    return saved


def encoder_from_bytes(
    data: bytes, *, pretrained: bool = False
) -> tuple[Settings, Settings, LoadedEncoder | None]:
    """Load what `encoder_to_bytes` saved, and what earlier versions saved without a digest.

    data (bytes): A saved encoder.
    pretrained (bool): Whether the network has to be a model of transformers. Otherwise one that is
        built like BERT is loaded without transformers' code for it, in a fraction of the time.
    RETURNS: The settings for tokenizer and network, and the encoder; None where it was not
        initialized.
    RAISES: ValueError (also as ConfigValidationError): for other bytes.
    """
    msg: _Saved = srsly.msgpack_loads(data)
    # Code that the trainer trusted is not code that the user of the pipeline trusts.
    tokenizer_config, transformer_config = (
        {key: value for key, value in settings.items() if key != "trust_remote_code"}
        for settings in (msg["tokenizer_config"], msg["transformer_config"])
    )
    if "weights" not in msg:
        return tokenizer_config, transformer_config, None
    if msg.get("sha256") not in (None, _digest(msg)):
        raise ValueError("its SHA-256 is not that of what was saved")
    config, tokenizer = load_config_and_tokenizer(msg["config"], msg["tokenizer"])
    # The only setting that the saved configuration does not keep. With other characters it would
    # name code to download.
    attention = transformer_config.get("attn_implementation")
    if attention is not None and not str(attention).isidentifier():
        raise ValueError(f"attn_implementation = {attention!r}")
    transformer: AnyTransformer
    if attention is None and not pretrained and is_plain_config(config):
        transformer = PlainEncoder(config)
    else:
        from transformers import AutoModel

        transformer = AutoModel.from_config(  # type: ignore[no-untyped-call]
            config,
            torch_dtype=torch.float32,
            trust_remote_code=False,
            **({} if attention is None else {"attn_implementation": attention}),
        )
    ranges = ranges_from_bytes(msg["ranges"]) if "ranges" in msg else {}
    loaded = LoadedEncoder(tokenizer, transformer, msg["weights"], ranges)
    return tokenizer_config, transformer_config, loaded


def _digest(msg: _Saved) -> str:
    """Compute the SHA-256 of what was saved, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, data in sorted(msg["tokenizer"].items()):
        digest.update(name.encode())
        digest.update(data)
    digest.update(msg["config"].encode())
    digest.update(msg["weights"])
    digest.update(msg.get("ranges", b""))
    return digest.hexdigest()


def tokenizer_to_bytes(tokenizer: PreTrainedTokenizerBase) -> dict[str, bytes]:
    """Save the files of a fast tokenizer, by name."""
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder, legacy_format=False)
        files = {name: Path(folder) / name for name in TOKENIZER_FILES}
        return {name: path.read_bytes() for name, path in files.items() if path.exists()}


def config_to_json(config: PretrainedConfig) -> str:
    """Save a configuration of transformers, without what says where it came from."""
    return _without(config.to_json_string(use_diff=False), _CODE | _SOURCE)


def load_config_and_tokenizer(
    config_json: str, files: Mapping[str, bytes]
) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
    """Load the configuration and the tokenizer of a saved encoder.

    config_json (str): From `config_to_json`.
    files (Mapping[str, bytes]): From `tokenizer_to_bytes`.
    RETURNS: Both, as transformers makes them of files in a temporary folder.
    RAISES: ConfigValidationError (a ValueError): for other files than those of a tokenizer, and for
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
        tokenizer = _load_tokenizer(folder)
    if any(getattr(part, "use_pretrained_backbone", False) for part in _parts(config)):
        raise settings_error(
            f"The encoder of the transformer component ({config.model_type}) has a backbone that "
            "would be downloaded; an encoder of text has none."
        )
    config._name_or_path = tokenizer.name_or_path = ""
    return config, tokenizer


def _load_tokenizer(folder: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer from its files, none of which names code.

    It is of the class that `AutoTokenizer` finds, without what importing that costs. Where the
    class is not plain to see, `AutoTokenizer` looks for it.
    """
    settings = json.loads((Path(folder) / "tokenizer_config.json").read_text("utf8"))
    name = f"{settings.get('tokenizer_class')}".removesuffix("Fast") + "Fast"
    found = getattr(transformers, name, None) if name.endswith("TokenizerFast") else None
    result: PreTrainedTokenizerBase
    if isinstance(found, type) and issubclass(found, PreTrainedTokenizerFast):
        result = found.from_pretrained(folder, local_files_only=True)
    else:
        from transformers import AutoTokenizer

        result = AutoTokenizer.from_pretrained(  # type: ignore[no-untyped-call]
            folder, use_fast=True, trust_remote_code=False, local_files_only=True
        )
    return result


def _parts(config: PretrainedConfig) -> Iterator[PretrainedConfig]:
    """Go through a configuration and those of the models that it is made of."""
    yield config
    for value in vars(config).values():
        if isinstance(value, PretrainedConfig):
            yield from _parts(value)


def _without(text: str | bytes, names: set[str]) -> str:
    """Drop settings from JSON, however deep: those of these names, and those of files elsewhere."""

    def keep(settings: Settings) -> Settings:
        return {
            key: value
            for key, value in settings.items()
            if key not in names and not key.endswith("_file")
        }

    return json.dumps(json.loads(text, object_hook=keep), indent=2, sort_keys=True)
