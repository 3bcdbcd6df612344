"""What people thought of activities, and where leavers of a school went."""
