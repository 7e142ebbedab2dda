"""What ``gatekeeper doctor`` examines: the operator's real chain, from the outside, as an attacker would try it.

Three kinds of files. Some say what is sent: forgeries, odd paths, ways past the gate; they are values. Some judge what
came back: pure functions from answers to findings, each a sentence that says what got through and one that says what to
change. The others ask: ``wire`` sends bytes as they are, which no client library would, ``belief``, ``through`` and
``past`` go the three ways there are, and ``examination`` puts them in order. Only GET is ever sent, and nothing is read
but what an answer shows.
"""
