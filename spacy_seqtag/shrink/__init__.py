"""Shrinking a pipeline: an encoder with fewer layers, which learns from the whole one.

What is taken out is in `models/network/layers`. What is left learns from raw text alone: the
probabilities that the whole pipeline gives to every word (`distil`), and the vectors of its words
(`pipeline/encoder_teacher`). It is a training run like any other, and goes on like one.

`run` has the steps, `plan` what each of them is to do, and `work` what is done between them.
"""
