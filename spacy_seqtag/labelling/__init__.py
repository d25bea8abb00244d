"""What a person who annotates asks of a pipeline.

given    the probability of the annotation that a corpus gives, token by token
folds    pipelines that did not see the sentences they judge
audit    the sentences whose annotation is probably wrong, in order
"""
