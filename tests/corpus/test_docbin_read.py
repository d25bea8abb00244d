"""Reading `.spacy` files that were made to fill the memory."""

import itertools
import struct
import tracemalloc
import zlib

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.errors import FormatError


def packed(pieces):
    compressor = zlib.compressobj()
    return b"".join(map(compressor.compress, pieces)) + compressor.flush()


def test_files_that_unpack_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_seqtag.corpus.docbin_read._FREE_BYTES", 1 << 20)
    path = tmp_path / "bomb.spacy"
    million = 1_000_000
    for key, kind, item in ((b"tokens", b"\xc6", b"\0"), (b"cats", b"\xdd", b"\x80")):
        n = 20 * million
        header = b"\x81" + bytes([0xA0 | len(key)]) + key + kind + struct.pack(">I", n)
        path.write_bytes(packed([header, *itertools.repeat(item * million, 20)]))
        tracemalloc.start()
        with pytest.raises(FormatError, match=r"bomb\.spacy: this unpacks to far more than"):
            list(read_docs(path, Vocab()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < n / 2


def test_what_packs_well_is_read(tmp_path):
    path = tmp_path / "same.spacy"
    DocBin(docs=[Doc(Vocab(), words=["x"] * 100_000)]).to_disk(path)
    assert len(zlib.decompress(path.read_bytes())) > 200 * path.stat().st_size
    assert [len(doc) for doc in read_docs(path, Vocab())] == [100_000]
