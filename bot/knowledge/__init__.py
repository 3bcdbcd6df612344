"""What Lobke knows: the files in knowledge/, loaded, searched and turned into answers."""

from bot.knowledge.loader import Knowledge, KnowledgeError, current, load, school_name

__all__ = ["Knowledge", "KnowledgeError", "current", "load", "school_name"]
