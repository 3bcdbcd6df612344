"""What Rasa loads by dotted name. The only part of bot/ that imports Rasa and spaCy."""
