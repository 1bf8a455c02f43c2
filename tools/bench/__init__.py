"""Benchmarks: five pieces of work, done by this project and by its peers, interleaved in one run.

    W1  matching one stream of orders          W4  a burst of liquidations and deleveraging
    W2a/b replay with a strategy                W5  recorded ticks, from file to venue events
    W3  one mark price over many accounts

`make bench` builds a compiled wheel beside the peers; `python -m tools.bench` runs what is there.
"""
