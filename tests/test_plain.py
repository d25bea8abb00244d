import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.plain import to_plain

CASES = {
    "none": (None, None),
    "not a number": (math.nan, None),
    "infinite": (np.float32("inf"), None),
    "float of NumPy": (np.float64(0.5), 0.5),
    "small float of NumPy": (np.float32(0.5), 0.5),
    "whole number of NumPy": (np.int64(3), 3),
    "truth of NumPy": (np.bool_(True), True),
    "array": (np.array([[1, 2]]), [[1, 2]]),
    "array with no number": (np.array([1.0, np.nan]), [1.0, None]),
    "tensor": (torch.tensor([0.5]), [0.5]),
    "set": ({"b", "a"}, ["a", "b"]),
    "tuple": ((1, (2,)), [1, [2]]),
    "keys": ({("a", 1): 1, 2: {3}}, {"('a', 1)": 1, "2": [3]}),
    "bytes": (b"a", "b'a'"),
    "else": (complex(1, 2), "(1+2j)"),
}


@pytest.mark.parametrize(("value", "plain"), CASES.values(), ids=CASES)
def test_what_json_lacks(value, plain):
    found = to_plain(value)
    assert found == plain
    assert type(found) is type(plain)
    json.dumps(found, allow_nan=False)


def test_numbers_that_are_not_finite():
    found = to_plain({"a": math.nan, "b": [-math.inf]}, finite=False)
    assert math.isnan(found["a"])
    assert found["b"] == [-math.inf]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_json_has_stays(value):
    assert to_plain(value, finite=False) == value
