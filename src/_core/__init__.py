"""The compiled half of pysock. Import names from `pysock`, not from here."""
