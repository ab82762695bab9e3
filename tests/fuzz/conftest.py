# The harness is run by the test in a process of its own: it needs a package that is not there on every system.
collect_ignore = ["fuzz_readers.py"]
