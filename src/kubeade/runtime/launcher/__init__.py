"""The launcher: the small process that parents every container of one data directory.

It imports nothing outside the standard library and little of that, so that it stays below 12 MB and forks
fast. It survives the death of the process that started it; whoever connects next finds everything as it was.
"""
