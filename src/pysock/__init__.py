"""MFC sockets and archives for Python."""
