# cython: language_level=3
"""The exception families of both stacks, and the Winsock numbers."""

# --- sockets: Winsock numbers -> exceptions -----------------------------------------------------------


# ------------------------------------------------------------------------------------------------------
# (keep this line: the two halves are written by different hands)
# ------------------------------------------------------------------------------------------------------


# --- archives and files: MFC's exceptions with their causes -------------------------------------------
