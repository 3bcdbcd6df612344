"""What Lobke knows: the files in knowledge/, loaded, searched and turned into answers."""

from bot.knowledge.loader import Knowledge, KnowledgeError, current, load, school_name, schools_of_pupils

__all__ = ["Knowledge", "KnowledgeError", "current", "load", "school_name", "schools_of_pupils"]
