"""Mail to staff: what is to be told, to whom, and when. No mail holds a text or the name of a pupil."""
