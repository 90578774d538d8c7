"""Submodels of the physical economy; each module holds its rules and their kernels."""
