"""Helm-compatible charts in Python, in process."""

from chartpy._chartpy import __version__

__all__ = ["__version__"]
