"""Accounts of staff: decanen, redactie and beheer."""
