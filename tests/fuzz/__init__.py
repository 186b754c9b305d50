"""Fuzzing of everything that is read from outside: each input ends in success or in one error.

``targets`` says what is fuzzed, ``seeds`` writes valid inputs to begin with, ``campaign`` searches
for minutes by coverage (atheris), ``corpus/TARGET`` keeps what once broke something. The suite
runs the corpus, the seeds and a sample of random changes to them (``tests/test_fuzz.py``).
"""
