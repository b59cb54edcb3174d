"""What the inspector says when it cannot go on."""


class InspectError(Exception):
    """The input, a schema or an extra is not to be had; the message is one line for the user."""
