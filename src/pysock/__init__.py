"""MFC's sockets and archives for Python: the same bytes, the same notifications."""

from importlib.metadata import version as _version

__version__ = _version("pysock-mfc")

__all__: list[str] = []
