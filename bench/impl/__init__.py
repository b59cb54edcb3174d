"""One module per archive contender; _base.py says what such a module holds."""
