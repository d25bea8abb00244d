"""Shrinking a pipeline: an encoder with fewer layers, which learns from the whole one.

What is taken out is in `models/network/layers`. What is left learns from raw text alone: the
probabilities that the whole pipeline gives to every word (`distil`). It is a training run like any
other, and goes on like one.

To teach the vectors of words besides (Sun et al. 2019, arXiv 1908.09355) was tried and left out:
with three layers of six, after 1,000 steps on the English Web Treebank, entity F1 was 69.3 without,
69.9 and 69.2 with two weights, and role F1 62.8 in all three.

`run` has the steps, `plan` what each of them is to do, and `work` what is done between them.
"""
