"""Compressed files: read to their end, or an error."""

import gzip
import io
import os
import sys
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.compression import (
    ArchiveError,
    compressor,
    decompressed,
    plain_file,
    split_compression,
    stem_of,
)

ENDINGS = (".gz", ".zst")
LINES = b"one\ntwo\n" * 20_000 + os.urandom(1000)


def content(data, ending):
    return decompressed(io.BytesIO(data), ending).read()


@pytest.mark.parametrize("ending", ENDINGS)
def test_members_and_zeros(ending):
    compress = compressor(ending)
    assert content(compress(LINES) + compress(b"") + compress(b"three"), ending) == LINES + b"three"
    assert content(compress(b"one") + b"\0" * 5000 + compress(b"two"), ending) == b"onetwo"
    assert content(b"", ending) == b""


def test_other_levels_and_unknown_sizes():
    assert content(gzip.compress(LINES, 1), ".gz") == LINES
    made = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True)
    assert content(made.compress(LINES), ".zst") == LINES


@given(st.sampled_from(ENDINGS), st.floats(0, 1, exclude_max=True))
def test_a_part_is_never_taken_for_the_whole(ending, share):
    whole = compressor(ending)(LINES)
    size = int(share * len(whole))
    if size == 0:
        return
    with pytest.raises(ArchiveError, match="ends too early"):
        content(whole[:size], ending)
    # What stands before it can be read.
    file = decompressed(io.BytesIO(whole[:size]), ending)
    found = []
    with suppress(ArchiveError):
        for line in file:
            found.append(line)
    assert LINES.startswith(b"".join(found))


@pytest.mark.parametrize("ending", ENDINGS)
def test_damage(ending):
    made = zstandard.ZstdCompressor(write_checksum=True)
    whole = bytearray(gzip.compress(LINES) if ending == ".gz" else made.compress(LINES))
    whole[len(whole) // 2] ^= 0xFF
    with pytest.raises(ArchiveError, match=r"damaged|too early"):
        content(bytes(whole), ending)
    with pytest.raises(ArchiveError, match="the compressed file is damaged"):
        content(b"plain text\n", ending)


def test_names(tmp_path):
    path = tmp_path / "a.b.conllu.GZ"
    assert split_compression(path) == (tmp_path / "a.b.conllu", ".gz")
    assert stem_of(path) == stem_of(tmp_path / "a.b.conllu") == "a.b"
    assert split_compression(tmp_path / "a.conllu") == (tmp_path / "a.conllu", "")
    path.write_bytes(gzip.compress(b"x"))
    with plain_file(path, ".gz") as copy:
        assert (copy.read_bytes(), copy.name) == (b"x", "a.b.conllu")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ImportError, match=r"spacy-seqtag\[zstd\]"):
        content(b"", ".zst")
