"""Videos that show several classes or none: their scores, and mean average precision over the classes."""
