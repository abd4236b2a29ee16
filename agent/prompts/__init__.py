"""The words that the model is given, one file per stage."""
