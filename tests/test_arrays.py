"""Stretches laid end to end."""

import numpy as np

from spacy_seqtag.arrays import concat_ranges


def test_ranges():
    starts, lengths = np.asarray([5, 0, 9]), np.asarray([2, 0, 3])
    assert concat_ranges(starts, lengths).tolist() == [5, 6, 9, 10, 11]
    assert concat_ranges(starts[:0], lengths[:0]).tolist() == []
