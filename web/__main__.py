"""`python -m web`: the public web process."""

from web.app import serve

serve()
