"""Validation: the engine against closed forms, published numbers and independent solutions.

- `case`: what a case is, its declared parameters, how it is run and judged.
- `catalogue`: all cases by name.
- `stock`, `electricity`, `tails`, `invariants`: the cases by family, each with its oracle beside it.
- `audit`: the books of a running model, kept a second time from its physical columns.

A limiting case is a configuration of `CollaborationModel`, never code of its own.
"""
