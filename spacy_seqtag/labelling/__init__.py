"""What a person who annotates asks of a pipeline.

What is labelled wrong:

given        the probability of the annotation that a corpus gives, token by token
folds        pipelines that did not see the sentences they judge
audit        the sentences whose annotation is probably wrong, in order

What to label next:

sentence     a sentence that may be labelled, as plain data
uncertainty  how unsure probabilities are, and how far those of several pipelines are apart
candidates   from raw text to sentences with what pipelines think of them
diversity    choosing sentences that are not alike
export       what annotation tools import
suggest      all of it
"""
