"""What a contender looks like: a module with a class per task it does (Scalars, Records, Bulk, Graph)."""


class Task:
    """Values are prepared in __init__, untimed; write and read are timed and checked first."""

    same = True  # the bytes must equal the layout of tasks.py, which the C++ limit makes too
    grain = "one"  # "one": a call per value; "batch": a call per group or collection
    scale = 1  # run with n // scale values (for the slow ones)

    def __init__(self, values):
        self.v = values
        self.n = len(values)

    def write(self):
        """The bytes, as any bytes-like object or as what bytes_of makes one of."""
        raise NotImplementedError

    def bytes_of(self, made):
        """What write gave, as a bytes-like object; not timed."""
        return made

    def read(self, data):
        """The values, from what write gave."""
        raise NotImplementedError

    def values_of(self, result):
        """What read gave, in the shape of tasks.py, for comparison; not timed.  For the graph: the
        objects in order."""
        return result
