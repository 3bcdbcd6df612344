"""A pupil's question for the decaan of a school: the pupil's side (`store`) and the decaan's (`inbox`)."""
