"""State machine definitions as data: what is wrong with a text and where, states and transitions, the role of a task.

Pure: text in, data out; no AWS call. The language: states-language.net and
docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""
